// The interpreter: whole training steps in one call. What a record means is in src/plan/ops.ts, the switch over it is generated
// from there (build/wasm/dispatch.ts). Every kernel is exported: a name in the artefact keeps it a function of its own
// (large ones inlined into the loop would be optimised late), and tests and benches call it alone.
import { dispatch } from "../build/wasm/dispatch";
import { Op, Step } from "./opcodes";

export * from "../build/wasm/kernels";

/** Runs the plan for `steps` step records, until one of them reports a non-finite value.
 *  region: first byte of the network's memory; plan, table: byte offsets in it; stride: bytes from one step record to the next.
 *  Returns the number of good steps. */
export function run(region: usize, plan: u32, table: u32, stride: u32, steps: u32): u32 {
  let step = region + table;
  for (let done: u32 = 0; done < steps; ++done) {
    const rows = load<u32>(step, Step.Rows);
    let pc = region + plan;
    while (load<u32>(pc) != Op.End) {
      dispatch(pc, region, step, rows);
      pc += <usize>load<u32>(pc, 4) << 2;
    }
    if (load<u32>(step, Step.Status)) return done;
    step += stride;
  }
  return steps;
}
