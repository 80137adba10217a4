// Whether the core is ours alone at the moment. Another process on it, or a virtual machine's neighbour on the same physical core, which no
// counter here shows, slows a loop that starts nearly seven instructions a cycle by a third, and loops in registers hardly at all.
import { densestLoop } from "./limit.js";
import { type Budget, measure } from "./measure.js";

/** Milliseconds of a look, at least. */
const LOOK = 0.1;
/** What a look must reach of the best one: a quiet core's looks lie between 0.95 and 1 of it, a disturbed one's at 0.7. */
const SHARE = 0.92;

/** @returns looks at the core: true if its densest loop is as fast as it was at its best */
export function quietness(budget: Budget): () => boolean {
  const run = densestLoop();
  let { max: best } = measure(run, 1, { ...budget, time: 500 });
  const calls = Math.ceil((best * LOOK) / 1e3);
  return () => {
    const from = performance.now();
    for (let i = 0; i < calls; ++i) run();
    const rate = (calls * 1e3) / (performance.now() - from);
    best = Math.max(best, rate);
    return rate >= SHARE * best;
  };
}
