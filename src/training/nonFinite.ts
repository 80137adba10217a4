// After a step went non-finite: runs it once more, traced, from the parameters before it, and says where it began (origin.ts), which norms had
// blown up, and why, most likely.
import { Status } from "../../assembly/opcodes.js";
import { pickRows, type Samples } from "../data/samples.js";
import { NonFiniteError, type Norm } from "../errors.js";
import { mismatch } from "../losses/predictions.js";
import type { Model } from "../model.js";
import { norm, parameterNorms } from "../parameters.js";
import type { Tensor } from "../plan/tensor.js";
import type { LoadedPlan } from "../plans.js";
import { runBatch } from "../single.js";
import { type Origin, originIn, type Seen, seeing } from "./origin.js";

export interface Failure {
  readonly status: number;
  /** Number of the step since the network's first, from 1 on. */
  readonly step: number;
  /** What the update made non-finite, if it did: a parameter, or the optimizer's state of it. */
  readonly spoiled: { readonly parameter: string; readonly what: "weight" | "state" } | undefined;
  readonly samples: Samples;
  readonly rows: readonly number[];
  /** Norms of the parameters when `fit` began, if it was `fit`. */
  readonly before: readonly number[] | undefined;
}

export function explainNonFinite(model: Model, { status, step, spoiled, samples, rows, before }: Failure): NonFiniteError {
  const { optimizer, objectives } = model.definition;
  const rate = `learningRate is ${optimizer.schedule.rate(step - 1)}`;
  const batch = pickRows(samples, rows);
  const plan = runBatch(model, "trace", batch, 0, batch.rows, step);
  const views = model.region.views();
  const read = (tensor: Tensor) => model.readTensor(tensor, plan.addresses.get(tensor)!, rows.length, views);
  const see = seeing(read);
  const found = originIn(plan, batch.numbers!, see);
  if (found) {
    const norms = normsOf(
      model,
      found.took.map((tensor) => ({ of: tensor.name, value: norm(read(tensor)) })),
      before,
    );
    const what = `${found.what} of ${found.layer} (${found.op})`;
    const sample = found.row === undefined ? "" : `, first for row ${found.row} of the data`;
    const wrong = found.layer === "loss" ? objectives.map(({ loss }) => mismatch(loss, "numbers")).find(Boolean) : undefined;
    const largest = [...found.before].map(see).reduce((most, each) => (each.bad < 0 ? Math.max(most, each.largest) : most), 0);
    // Data was when it was given.
    const changed = found.took.find((tensor) => see(tensor).bad >= 0);
    const hint = changed
      ? `${changed.name} is not finite itself: the data was changed while fit ran; keep it until fit has ended, or give a copy`
      : (wrong ?? advise(found, see, sourcesOf(model, plan, found, see), largest, step > 1 ? rate : undefined));
    return new NonFiniteError(
      `step ${step}: the ${what} is not finite${sample}; before it the largest number was ${largest.toPrecision(3)}, ${listed(norms)}; ${hint}`,
      { step, layer: found.layer, op: found.op, row: found.row, what: found.what === "gradient" ? "gradient" : "loss", norms },
    );
  }
  const parameter = plan.program.parameters.find(({ name }) => name === spoiled?.parameter);
  const gradient = parameter && plan.program.gradients.get(parameter);
  const taken = gradient ? [{ of: `${parameter.name}.grad`, value: norm(read(gradient)) }] : [];
  const norms = normsOf(model, taken, before, spoiled?.parameter);
  const layer = spoiled?.parameter.slice(0, spoiled.parameter.lastIndexOf(".")) ?? "optimizer";
  const what = status & Status.Weight ? (spoiled?.what ?? "weight") : "gradient";
  const where = spoiled?.parameter ?? layer;
  const message =
    what === "state"
      ? `the optimizer's state of ${where} is not finite: the square of a gradient is beyond float32, that of more than 1.8e19, ${listed(norms)}; scale the inputs or the loss, or set clip: { type: "globalNorm", value: 1 } on the optimizer`
      : `the ${what === "weight" ? "updated weight" : what} of ${where} is not finite, though loss and gradients are, ${listed(norms)}; the update overflowed: lower the learning rate (${rate})`;
  return new NonFiniteError(`step ${step}: ${message}`, { step, layer, what, norms });
}

/** The norms given, that of `always`, and that of the parameter that has grown most; largest first. */
function normsOf(model: Model, given: readonly Norm[], before: readonly number[] | undefined, always?: string): readonly Norm[] {
  const parameters = parameterNorms(model).map((value, i): Norm => {
    return { of: model.parameters[i]!.tensor.name, value, ...(before && { before: before[i]! }) };
  });
  const grown = ({ value, before = value }: Norm) => value - before;
  const most = parameters.reduce<Norm | undefined>((best, each) => (grown(each) > (best ? grown(best) : 0) ? each : best), undefined);
  const names = new Set([...given.map(({ of }) => of), always, most?.of]);
  const others = given.filter(({ of }) => !parameters.some((parameter) => parameter.of === of));
  return [...others, ...parameters.filter(({ of }) => names.has(of))].sort((a, b) => b.value - a.value);
}

/** For the message: of an op of many operands the largest, as many as a line holds. */
function listed(norms: readonly Norm[]): string {
  const each = norms.slice(0, 3).map(({ of, value, before }) => {
    const then = before === undefined ? "" : ` (${before.toPrecision(3)} when fit began)`;
    return `${of} ${value.toPrecision(3)}${then}`;
  });
  return `norms ${each.join(", ")}`;
}

/** What a step begins with. */
interface Source {
  readonly what: string;
  readonly largest: number;
  /** What to do where it is too large; of parameters that depends on whether an update was before. */
  readonly advice?: string;
}

/** Those that the step had read by then. */
function sourcesOf(model: Model, plan: LoadedPlan, { before }: Origin, see: (tensor: Tensor) => Seen): readonly Source[] {
  const { graph, objectives } = model.definition;
  const aboutOne = "let rows weigh about 1 (sampleWeights, classWeights, the loss's weight)";
  const advices = [...graph.inputs.map(() => "scale the inputs"), ...objectives.map(() => "scale the targets")];
  const given = [
    ...plan.feeds.map(({ batch: tensor }, i) => ({ tensor, advice: advices[i] ?? aboutOne })),
    ...plan.program.parameters.map((tensor) => ({ tensor })),
  ];
  const { f64 } = model.region.views();
  return [
    ...given
      .filter(({ tensor }) => tensor.dtype === "f32" && before.has(tensor))
      .map(({ tensor, ...rest }) => ({ what: `the largest number of ${tensor.name} is`, largest: see(tensor).largest, ...rest })),
    // Of a mean 1 divided by what the batch's rows weigh.
    ...plan.layout.losses.map(({ scale }) => ({
      what: "the rows' losses are multiplied by",
      largest: f64[(plan.table + scale) >> 3]!,
      advice: aboutOne,
    })),
  ];
}

/** Up to this a number's cube is within float32: where none is larger, none was when something overflowed. */
const LARGE = 1e12;

/** @param largest before it @param rate undefined: no update was before, which it could be blamed for */
function advise(
  { op, took }: Origin,
  see: (tensor: Tensor) => Seen,
  sources: readonly Source[],
  largest: number,
  rate: string | undefined,
): string {
  const slower =
    rate && `lower the learning rate (${rate}), scale inputs and targets, or set clip: { type: "globalNorm", value: 1 } on the optimizer`;
  const largestOf = (list: readonly Source[]) =>
    list.reduce<Source | undefined>((a, b) => (a && a.largest >= b.largest ? a : b), undefined);
  const most = largestOf(sources);
  if (Math.max(largest, most?.largest ?? 0) <= LARGE) {
    const ranges = took
      .slice(0, 3)
      .map((tensor) => `${tensor.name} from ${see(tensor).least.toPrecision(3)} to ${see(tensor).most.toPrecision(3)}`);
    return [`${op} has no finite result for some of what it took: ${ranges.join(", ")}`, slower].filter(Boolean).join("; ");
  }
  const said = ({ what, largest, advice = "begin with smaller weights" }: Source) => `${what} ${largest.toPrecision(3)}: ${advice}`;
  if (most?.advice && most.largest > LARGE) return said(most);
  if (slower) return slower;
  // What began small grew on its way through the layers.
  const weights = largestOf(sources.filter(({ advice }) => advice === undefined));
  return weights ? said(weights) : "scale inputs and targets";
}
