// What bench/start.ts starts as a process of its own, bundled as the package is: the training plan of ten dense layers. Says milliseconds,
// by name: for the first plan of the process, for the second, and with the compiler's own code optimised.
import { compile } from "../src/compile.js";
import { define } from "../src/definition.js";
import { adam, categoricalCrossEntropy, dense } from "../src/index.js";
import { median } from "./median.js";

const hidden = Array.from({ length: 9 }, () => dense(64, { activation: "relu" }));
const { definition, measured } = define({
  input: 64,
  layers: [...hidden, dense(10)],
  loss: categoricalCrossEntropy({ fromLogits: true }),
  optimizer: adam(),
  seed: 1,
});

function timed(): number {
  const begun = performance.now();
  compile(definition, "train", { capacity: 32, dataRows: 32, orderRows: 32, steps: 1, threads: 1 }, measured);
  return performance.now() - begun;
}

const [first, second] = [timed(), timed()];
// V8 has optimised what it will after half of them.
const warm = median(Array.from({ length: 400 }, timed).slice(200));
process.stdout.write(JSON.stringify({ first, second, warm }));
