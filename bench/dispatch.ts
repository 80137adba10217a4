// What an instruction costs besides its kernel: reading the record, the switch, the call. Of a plan of fills that have nothing to fill.
import { openRegion } from "../src/backends/backend.js";
import { assemble } from "../src/plan/assemble.js";
import type { Instruction } from "../src/plan/program.js";
import type { Tensor } from "../src/plan/tensor.js";
import { type Budget, type Figure, measure, perCall } from "./measure.js";

const RECORDS = 1000;

/** Nanoseconds an instruction. */
export async function measureDispatch(backend: "wasm" | "js", budget: Budget): Promise<Figure> {
  const y: Tensor = { name: "y", shape: [4], batched: false, dtype: "f32", stride: 4, slab: "workspace", needsGradient: false };
  const fill: Instruction = { op: "fill", operands: { y, value: 0, end: 0 }, layer: "", phase: "forward" };
  const instructions = Array.from({ length: RECORDS }, () => fill);
  const [address, table, plan] = [64, 128, 256];
  const words = assemble({ instructions }, new Map([[y, address]]));
  const region = await openRegion(backend, plan + words.length * 4);
  region.views().u32.set(words, plan >> 2);
  const figure = measure(() => region.run(plan, table, 0, 1), RECORDS, budget);
  region.dispose();
  return perCall(figure, 1e9);
}
