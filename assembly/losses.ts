// What becomes of the rows' losses: they are weighed, and summed. The losses themselves: regression.ts, binary.ts, distributions.ts,
// rowlosses.ts.
import { rowAt } from "./lanes";
import { Status } from "./opcodes";
import { raise } from "./status";
import { splat } from "./vmath";

/** loss[r] and, unless it is 0, row r of dx times weights[r]; of a row of weight 0 both are +0, whatever they were: an ignored row's loss
 *  may be infinite. weights: f32[end], loss likewise, dx `[end, ld]`. Range in rows. */
export function weighRows(loss: usize, dx: usize, weights: usize, ld: u32, begin: u32, end: u32): void {
  const bytes = (<usize>ld) << 2;
  for (let r = begin; r < end; ++r) {
    const at = (<usize>r) << 2;
    const weight = load<f32>(weights + at);
    store<f32>(loss + at, weight == 0 ? 0 : weight * load<f32>(loss + at));
    if (!dx) continue;
    const row = rowAt(dx, r, ld);
    const some = f32x4.ne(f32x4.splat(weight), splat(0));
    for (let c: usize = 0; c < bytes; c += 16) {
      v128.store(row + c, v128.and(f32x4.mul(f32x4.splat(weight), v128.load(row + c)), some));
    }
  }
}

/** out (f64) = lossScale·sum of loss, in float64 in row order; a result that is not finite is reported in `status` (u32). */
export function reduceLoss(out: usize, status: usize, loss: usize, lossScale: f64, begin: u32, end: u32): void {
  let sum: f64 = 0;
  for (let r = begin; r < end; ++r) sum += <f64>load<f32>(loss + ((<usize>r) << 2));
  const result = lossScale * sum;
  store<f64>(out, result);
  if (!isFinite(result)) raise(status, Status.Loss);
}
