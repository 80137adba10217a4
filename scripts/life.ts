// The long run of test/life.test.ts: lives of other seeds, for some time. Exit 1, and the shortest life found that shows it, where a call is not
// as that of a loaded network. `npm run life -- [SECONDS [SEED]]`: default 600, and a seed of its own; with a SEED the same lives again.
import fc from "fast-check";
import { leastShare } from "../src/backends/threads.js";
import { lives } from "../test/life/commands.js";

// Small networks are divided among threads, too.
leastShare.flops = 0;
const [seconds = "600", given = `${Date.now() % 2 ** 31}`] = process.argv.slice(2);
const end = performance.now() + 1000 * Number(seconds);

let followed = 0;
for (let seed = Number(given); performance.now() < end && process.exitCode === undefined; ++seed) {
  const found = await fc.check(lives(), { seed, numRuns: 50, interruptAfterTimeLimit: Math.max(1, end - performance.now()) });
  followed += found.numRuns;
  if (found.counterexample === null) continue;
  console.log(fc.defaultReportMessage(found), found.errorInstance);
  process.exitCode = 1;
}
console.log(`${followed} lives`);
