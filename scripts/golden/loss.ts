// Loss cases: a plan of nothing but a loss, on predictions and targets that are staged, weights of rows too.
import { Step } from "../../assembly/opcodes.js";
import { openRegion, type Region } from "../../src/backends/backend.js";
import type { Matrix } from "../../src/data/samples.js";
import type { Loss } from "../../src/index.js";
import { assemble } from "../../src/plan/assemble.js";
import { Builder } from "../../src/plan/builder.js";
import { layoutWorkspace } from "../../src/plan/memory.js";
import { stepLayout } from "../../src/plan/step.js";
import { aligned, columns, evaluate, rows, sampleElements, size, type Tensor } from "../../src/plan/tensor.js";
import { verify } from "../../src/plan/verify.js";
import { copyRow } from "../../src/single.js";
import { Comparison, type Kink, type Tolerance } from "./compare.js";
import type { Backend, Case } from "./run.js";
import { type Spec, sampleShape, type TensorSpec, toLoss } from "./spec.js";

interface LossCase extends Tolerance {
  readonly loss: Spec;
  readonly prediction: TensorSpec;
  readonly target: TensorSpec;
  readonly sampleWeights?: TensorSpec;
  readonly value?: number;
  readonly gradient?: TensorSpec;
  readonly kinks?: readonly Kink[];
  readonly expect?: "finite";
  readonly valueRange?: readonly [number, number];
}

export async function runLoss(given: Case, backend: Backend): Promise<Comparison> {
  const {
    loss: spec,
    prediction,
    target,
    sampleWeights,
    value,
    gradient,
    kinks = [],
    expect,
    valueRange,
    rtol,
    atol,
  } = given as Case & LossCase;
  const found = await evaluateLoss(toLoss(spec), prediction, target, sampleWeights, backend);
  const comparison = new Comparison({ rtol, atol });
  if (expect === "finite") {
    comparison.within("value", [found.value], ...(valueRange ?? []));
    comparison.within("gradient", found.gradient);
  } else {
    comparison.numbers("value", [found.value], [value!]);
    comparison.numbers("gradient", found.gradient, gradient!.data, { kinks });
  }
  return comparison;
}

function matrixOf({ shape, data, dtype }: TensorSpec): Matrix {
  const values = dtype === "int" ? Uint32Array.from(data) : Float32Array.from(data);
  return { rows: shape[0]!, width: data.length / shape[0]!, values };
}

async function evaluateLoss(
  loss: Loss,
  prediction: TensorSpec,
  target: TensorSpec,
  sampleWeights: TensorSpec | undefined,
  backend: Backend,
): Promise<{ value: number; gradient: Float32Array }> {
  const shape = sampleShape(prediction);
  const samples = prediction.shape[0]!;
  loss.check(shape);
  const { targets, weights, denominators } = loss.prepare!(matrixOf(target), shape, sampleWeights && Float32Array.from(sampleWeights.data));

  const g = new Builder({ training: true, seed: 0 });
  const rowShape = shape.slice(0, -1);
  const ids = (loss.staged ?? loss.targets) === "ids";
  const staged: [Tensor, Matrix][] = [
    [g.tensor("prediction", shape, { slab: "staging", needsGradient: true }), matrixOf(prediction)],
    [g.tensor("target", ids ? rowShape : shape, { slab: "staging", dtype: ids ? "u32" : "f32" }), targets],
  ];
  if (weights) staged.push([g.tensor("weights", rowShape, { slab: "staging", stride: rowShape.at(-1) ?? 1 }), weights]);
  const [p, t, w] = staged.map(([tensor]) => tensor);
  const layout = stepLayout(1, 0, 0);
  const fields = layout.losses[0]!;
  g.inPhase("loss", "loss", () => g.inLoss(fields, () => loss.emit(g, p!, t!, w)));
  g.backward();
  const dp = g.gradients.gradient(p!);
  const program = { ...g.program(), results: [dp] };

  // The plan has two instructions; it lies in front, behind the address 0.
  const [planAt, table] = [64, 512];
  const addresses = new Map<Tensor, number>();
  let at = aligned(table + layout.stride);
  const stagingBegin = at;
  for (const [tensor] of staged) {
    addresses.set(tensor, at);
    at = aligned(at + size(tensor, samples) * 4);
  }
  const workspace = layoutWorkspace(program, samples);
  for (const [tensor, offset] of workspace.offsets) addresses.set(tensor, at + offset * 4);
  const end = at + workspace.total * 4;
  const words = assemble(program, addresses);
  verify(words, {
    program,
    addresses,
    slabs: { parameter: [0, 0], slot: [0, 0], gradient: [0, 0], staging: [stagingBegin, at], workspace: [at, end] },
    reserved: { plan: [planAt, planAt + words.length * 4], table: [table, stagingBegin] },
    capacity: samples,
    stride: layout.stride,
  });

  const region = await openRegion(backend, end);
  const { u32, f32, f64 } = region.views();
  u32.set(words, planAt >> 2);
  for (const [tensor, matrix] of staged) stageAll(region, tensor, matrix, addresses.get(tensor)!);
  const denominator = denominators?.reduce((a, b) => a + b, 0);
  const scale = loss.scale(shape, samples, denominator);
  u32[(table + Step.Rows) >> 2] = samples;
  f64[(table + fields.scale) >> 3] = scale;
  f32[(table + fields.gradientScale) >> 2] = scale;
  if (region.run(planAt, table, layout.stride, 1) !== 1) throw new Error("the loss was reported as not finite");

  const value = f64[(table + fields.loss) >> 3]!;
  const height = evaluate(rows(dp), samples);
  const gradient = new Float32Array(height * columns(dp));
  for (let r = 0; r < height; ++r) {
    const from = (addresses.get(dp)! >> 2) + r * dp.stride;
    gradient.set(f32.subarray(from, from + columns(dp)), r * columns(dp));
  }
  region.dispose();
  return { value, gradient };
}

function stageAll(region: Region, tensor: Tensor, matrix: Matrix, address: number): void {
  const views = region.views();
  const to = matrix.values instanceof Uint32Array ? views.u32 : views.f32;
  const words = sampleElements(tensor);
  for (let r = 0; r < matrix.rows; ++r) copyRow(matrix, r, columns(tensor), tensor.stride, to, (address >> 2) + r * words);
}
