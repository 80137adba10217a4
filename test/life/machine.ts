// Two networks, and commands to them. Each command is given twice: to the network that has lived through all those before, and to one that has
// just been loaded from what it was saved as, in strict arithmetic on the other backend, and that has done nothing yet. Both must come to the
// same bits: what is in a file, weights, optimizer state and position, is all that calls may leave behind for one another.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { type ArithmeticName, features, loadNetwork, type Network, network } from "../../src/index.js";
import { eachLastingWord, modelOf } from "../internals.js";
import type { FitSpec } from "./fits.js";
import { custom, type Kind, kinds, optimizers, staged } from "./networks.js";
import { outcome } from "./told.js";

export interface NetworkSpec {
  readonly kind: string;
  readonly optimizer: number;
  readonly seed: number;
  readonly backend: "wasm" | "js";
  readonly arithmetic: ArithmeticName;
  readonly threads: 1 | 2 | "auto";
}

export const networkSpec: fc.Arbitrary<NetworkSpec> = fc.record({
  kind: fc.constantFrom(...[...kinds, ...kinds, ...kinds, staged].map(({ name }) => name)),
  optimizer: fc.nat(optimizers.length - 1),
  seed: fc.integer({ min: 1, max: 9 }),
  backend: fc.constantFrom("wasm", "js"),
  arithmetic: fc.constantFrom("strict", "strict", "strict", "relaxed"),
  threads: fc.constantFrom<NetworkSpec["threads"][]>(1, 1, 1, 1, 1, 1, 2, "auto"),
});

/** A network under way. */
export class Subject {
  /** The last run that has done something: what can be resumed. */
  fitted: FitSpec | undefined;
  /** Position and state, as saved after the last command. */
  saved: Uint8Array<ArrayBuffer>;

  private constructor(
    readonly spec: NetworkSpec,
    readonly kind: Kind,
    public net: Network,
  ) {
    this.saved = net.save({ training: true });
  }

  static async create(given: NetworkSpec): Promise<Subject> {
    const spec = given.arithmetic === "relaxed" && !features().relaxedSimd.available ? { ...given, backend: "js" as const } : given;
    const kind = [...kinds, staged].find(({ name }) => name === spec.kind)!;
    const { backend, arithmetic, seed } = spec;
    const net = await network({
      ...kind.make(),
      optimizer: optimizers[spec.optimizer]!(),
      ...{ backend, arithmetic, seed },
      threads: threadsOf(spec),
    });
    return new Subject(spec, kind, net);
  }

  /** Another network with what was saved of this one. */
  load(bytes = this.saved): Promise<Network> {
    return loadNetwork(bytes, { backend: this.spec.backend, threads: threadsOf(this.spec), custom });
  }

  mirror(bytes = this.saved): Promise<Network> {
    const { backend, arithmetic } = this.spec;
    const other = backend === "wasm" ? "js" : "wasm";
    return loadNetwork(bytes, { backend: arithmetic === "strict" ? other : backend, threads: 1, custom });
  }
}

function threadsOf({ backend, threads }: NetworkSpec): NetworkSpec["threads"] {
  return backend === "js" && threads === 2 ? 1 : threads;
}

/** What one command does to one network. */
export interface Deal {
  live(subject: Subject): unknown;
  /** The same, in the plainest way, which may put another network in the mirror's place. */
  plain(mirror: { net: Network }, subject: Subject): unknown;
  /** What of an error's message is the same in both. */
  sameMessage?(text: string): string;
  readonly fit?: FitSpec;
  /** When all is as before afterwards: what the mirror does not show, which would be spoilt alike. */
  readonly keeps?: "always" | "when it throws";
}

/** How far it is trained, and in which run. */
const standing = ({ steps, interrupted }: Network) => ({ steps, interrupted });

/** Commands so far that came to a result, and that threw. */
export const tally = { gave: 0, threw: 0 };

/** Deals with several networks at the same time, and with their mirrors one after the other. */
export async function deal(dealt: readonly (readonly [Subject, Deal])[]): Promise<void> {
  const mirrors = await Promise.all(dealt.map(async ([subject]) => ({ net: await subject.mirror() })));
  const stood = dealt.map(([{ net }]) => standing(net));
  const results = await Promise.all(dealt.map(([subject, { live }]) => outcome(() => live(subject))));
  for (const [i, [subject, { plain, fit, keeps, sameMessage = (text: string) => text }]] of dealt.entries()) {
    const mirror = mirrors[i]!;
    const wanted = await outcome(() => plain(mirror, subject));
    assert.equal(sameMessage(results[i]!), sameMessage(wanted));
    tally[wanted.startsWith("gives") ? "gave" : "threw"] += 1;
    const { net } = subject;
    const { net: other } = mirror;
    const saved = net.save({ training: true });
    assert.ok(Buffer.compare(saved, other.save({ training: true })) === 0, `saved state differs: ${difference(net, other)}`);
    assert.deepEqual(net.interrupted, other.interrupted);
    assertSound(net);
    const [threw, same] = [wanted.startsWith("throws"), Buffer.compare(saved, subject.saved) === 0];
    assert.ok(same || !(keeps === "always" || (keeps && threw)), "what was saved before is no more");
    // One that threw before its first step is not the run to resume, also where a callback of it has set weights.
    if (fit && !(threw && isDeepStrictEqual(standing(net), stood[i]))) subject.fitted = fit;
    subject.saved = saved;
    other.dispose();
  }
}

/** For the message. */
function difference(net: Network, mirror: Network): string {
  const [mine, others] = [modelOf(net), modelOf(mirror)].map((model) => [
    ...model.parameters.map(({ tensor, address }) => ({ name: tensor.name, values: model.readTensor(tensor, address, 0) })),
    ...model.slots(),
  ]);
  const found = mine!.filter(({ values }, i) => values.some((value, j) => !Object.is(value, others![i]!.values[j])));
  return found.map(({ name }) => name).join(", ") || "in what is no tensor";
}

/** Parameters and state are finite, their padding and that of gradients is +0. */
function assertSound(net: Network): void {
  const model = modelOf(net);
  const { u32, f32 } = model.region.views();
  for (const slab of ["parameters", "slots", "gradients"] as const)
    eachLastingWord(model, slab, (at, padding) => {
      if (padding ? u32[at] !== 0 : slab !== "gradients" && !Number.isFinite(f32[at]))
        throw new Error(`${padding ? "padding" : "an element"} of ${slab} is ${f32[at]}`);
    });
}
