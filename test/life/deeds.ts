// What can be done with a network at any moment: between other calls, in a callback of its fit, beside it, while a stream is read.
import fc from "fast-check";
import { gradCheck, type Network } from "../../src/index.js";
import { type DataSpec, dataOf, dataSpec, type StreamSpec, streamOf, streamSpec } from "./data.js";
import type { Kind } from "./networks.js";

const names = [
  "predict",
  "evaluate",
  "gradients",
  "trace",
  "diagnose",
  "profile",
  "gradCheck",
  "save",
  "withAverage",
  "explain",
  "trainOnBatch",
  "setParameters",
  "setParameters, bad",
  "predict a stream",
  "evaluate a stream",
  "predict half a stream",
] as const;

export interface Deed {
  readonly name: (typeof names)[number];
  readonly data: DataSpec;
  readonly stream: StreamSpec;
}

export const bad: DataSpec["bad"][] = ["nothing", "nothing", "nothing", "nothing", "NaN", "huge input", "huge target", "huge target"];

/** Those that change nothing. */
export const readers: readonly Deed["name"][] = names.slice(0, names.indexOf("trainOnBatch"));
const waits = new Set<string>(["predict a stream", "evaluate a stream", "predict half a stream"]);
/** Those that are done when they return. */
export const atOnce = (of: readonly Deed["name"][] = names.filter((name) => !waits.has(name))) =>
  fc.record({
    name: fc.constantFrom(...of),
    data: dataSpec(bad),
    stream: fc.constant({ sizes: [1], counted: false, buffer: 0, fault: undefined }),
  });
export const deed: fc.Arbitrary<Deed> = fc.record({ name: fc.constantFrom(...names), data: dataSpec(bad), stream: streamSpec() });

export function act(net: Network, kind: Kind, { name, data: spec, stream }: Deed): unknown {
  const data = dataOf(kind, spec);
  const { inputs, targets, sampleWeights } = data;
  const predict = () => net.predictAll(inputs);
  switch (name) {
    case "predict":
      return kind.outputs.length === 1 ? net.predict(inputs) : predict();
    case "evaluate":
      return net.evaluate(data);
    case "gradients":
      return net.gradients(inputs, targets, sampleWeights);
    case "trace":
      return net.trace(inputs, targets, sampleWeights);
    case "diagnose":
      return net.diagnose(data);
    case "profile":
      return void net.profile(data, { milliseconds: 1e-3 });
    case "gradCheck":
      return gradCheck(net, dataOf(kind, { ...spec, rows: 1 + (spec.rows % 3) }), { elements: 2 });
    case "save":
      return net.save({ training: true });
    case "withAverage":
      return net.withAverage(() => [net.evaluate(data), predict(), net.weightsHash()]);
    case "explain":
      return net.explain();
    case "trainOnBatch":
      return net.trainOnBatch(inputs, targets, sampleWeights);
    case "setParameters":
      return net.setParameters(net.parameters().map(({ name, values }) => ({ name, values: values.map((value) => value * 0.9) })));
    case "setParameters, bad":
      return net.setParameters(
        net.parameters().map(({ name, values }, i) => ({ name, values: i === 0 ? values : values.fill(Number.NaN) })),
      );
    case "predict a stream":
      return all(net.predictAll(streamOf(kind, data, stream)));
    case "predict half a stream":
      return net.predictAll(streamOf(kind, data, stream)).next();
    case "evaluate a stream":
      return net.evaluate(streamOf(kind, data, stream));
  }
}

async function all(parts: AsyncIterable<unknown>): Promise<unknown[]> {
  const each = [];
  for await (const part of parts) each.push(part);
  return each;
}
