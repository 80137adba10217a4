// `chainrule bench`, `npm run bench`: this machine's limit, kernels, whole training steps; WebAssembly against the faster plain JavaScript,
// in one process. Exit code 1 if a product is said to run faster than the limit: one of the two is then wrong.
import { cpus } from "node:os";
import { features } from "../src/features.js";
import { Bounds } from "./bound.js";
import { measureDispatch } from "./dispatch.js";
import { gemmCases } from "./gemm.js";
import { kernelCases } from "./kernels.js";
import { measureLimit } from "./limit.js";
import { type Budget, measure } from "./measure.js";
import { type How, type Standard, standards } from "./networks.js";
import { prepare } from "./operands.js";
import { readOptions, refuse } from "./options.js";
import { digits, engineName, featureLines, percent } from "./page.js";
import { benchProducts, widen } from "./products.js";
import { Progress } from "./progress.js";
import { quietness } from "./quiet.js";
import { type Measurement, record } from "./record.js";
import { Sheet } from "./sheet.js";
import { measurePlan, measureStart } from "./start.js";
import { measurePredict, measureSteps, measureTrainOnBatch } from "./steps.js";

/** Floating-point operations of the largest product that `--quick` keeps: plain JavaScript takes 20 ms for it. */
const QUICK = 5e7;
/** Networks of which one row is predicted. */
const PREDICTED = ["4-16-3", "784-128-10"];
/** Steps that are measured one by one, too: what JavaScript does shows in short ones. */
const SINGLE = ["2-8-1 batch 4", "4-16-3 batch 16", "784-128-10 batch 1"];

const stepName = ({ name, batch }: Standard) => `${name} batch ${batch}`;

/** @param argv the command line after the command */
export async function bench(argv: readonly string[]): Promise<void> {
  const { write, only, quick, relaxed, revectorize: wide, quiet } = readOptions(argv);
  const always: Budget = quick ? { warmup: 50, time: 15, samples: 1, fit: 40 } : { warmup: 200, time: 150, samples: 5, fit: 250 };
  const budget: Budget = quiet ? { ...always, isQuiet: quietness(always) } : always;
  const found = features();
  if (relaxed && !found.relaxedSimd.available) refuse(`--relaxed: ${found.relaxedSimd.reason}`);
  if (wide && !found.revectorize.available) refuse(`--revectorize: ${found.revectorize.reason}`);
  const wasmHow: How = { backend: "wasm", arithmetic: relaxed ? "relaxed" : "strict" };
  const wanted = (kind: Measurement["bench"], name: string) => `${kind} ${name}`.toLowerCase().includes(only.toLowerCase());
  const products = gemmCases().filter(({ name, form, flops }) => wanted("gemm", `${name} ${form}`) && (!quick || flops <= QUICK));
  const kernels = kernelCases.filter(({ name }) => wanted("kernel", name));
  const trained = standards.filter((standard) => wanted("step", stepName(standard)));
  const predicted = PREDICTED.map((name) => standards.find((standard) => standard.name === name)!).filter(({ name }) =>
    wanted("predict", name),
  );
  const single = standards.filter((standard) => SINGLE.includes(stepName(standard)) && wanted("trainOnBatch", stepName(standard)));
  const dispatched = ["empty fill"].filter((name) => wanted("dispatch", name));
  const starts = ["784-128-10"].filter((name) => wanted("start", name));
  const plans = ["ten layers"].filter((name) => wanted("plan", name));
  const needsLimit = products.length > 0 || wanted("limit", "");
  const lines = [products, kernels, trained, predicted, single, dispatched, starts, plans].reduce((sum, { length }) => sum + length, 0);
  if (!needsLimit && lines === 0) refuse(`no line's name contains "${only}"`);
  const progress = new Progress(lines);
  const sheet = new Sheet(wasmHow, progress);

  console.log(`machine  ${cpus()[0]?.model.trim()}, ${cpus().length} cores`);
  console.log(`engine   ${engineName()}`);
  console.log(featureLines(found));
  console.log(
    `wasm     ${wasmHow.arithmetic}, one thread${wide ? ", revectorized" : ""}${quiet ? ", in quiet moments" : ""}; js: its faster arithmetic`,
  );
  // Before V8 is asked for more: the limit that 128 bits have.
  const limits = needsLimit ? measureLimit(wasmHow.arithmetic, budget, (loop) => progress.at(loop)) : [];
  if (wide) await widen(wasmHow, budget, progress);
  const exceeded = needsLimit && (await benchProducts(sheet, products, limits, { arithmetic: wasmHow.arithmetic, wide, budget }));

  const bounds = new Bounds(budget);
  for (const bound of [false, true]) {
    sheet.begin(bound ? "kernels over slabs, GB/s" : "other kernels, GB/s", bound ? { extra: "bound" } : {});
    for (const { name, job, divisions } of kernels.filter((kernel) => bound === (kernel.divisions !== undefined))) {
      progress.at(name);
      const { wasm, js, bytes, span } = await prepare(job);
      const binding = divisions && bounds.binding(divisions, span, bytes / job.values.end!);
      await sheet.line(
        name,
        { bench: "kernel", case: name, unit: "GB/s" },
        ({ backend, arithmetic }) => measure((backend === "wasm" ? wasm : js)[arithmetic]!, bytes / 1e9, budget),
        binding && { extra: ({ median }) => `${binding.name} ${percent(median / binding.rate)}` },
      );
    }
  }

  sheet.begin("training, samples/s", { extra: "steps/s" });
  for (const standard of trained) {
    const name = stepName(standard);
    await sheet.line(name, { bench: "step", case: name, unit: "samples/s" }, (how) => measureSteps(standard, how, budget), {
      extra: ({ median }) => digits(median / standard.batch),
    });
  }

  sheet.begin("prediction of one row, µs", { smallerIsBetter: true });
  for (const standard of predicted)
    await sheet.line(standard.name, { bench: "predict", case: standard.name, unit: "µs" }, (how) => measurePredict(standard, how, budget));

  sheet.begin("one step by trainOnBatch, µs", { smallerIsBetter: true, extra: "by fit" });
  for (const standard of single) {
    const name = stepName(standard);
    progress.at(`fit ${name}`);
    const fitted = (1e6 * standard.batch) / (await measureSteps(standard, wasmHow, budget)).median;
    const fields = { bench: "trainOnBatch", case: name, unit: "µs" } as const;
    await sheet.line(name, fields, (how) => measureTrainOnBatch(standard, how, budget), { extra: () => digits(fitted) });
  }

  sheet.begin("decode and dispatch of an instruction, ns", { smallerIsBetter: true });
  for (const name of dispatched)
    await sheet.line(name, { bench: "dispatch", case: name, unit: "ns" }, ({ backend }) => measureDispatch(backend, budget));

  sheet.begin("first step, over an empty script, ms", { smallerIsBetter: true });
  for (const name of starts) {
    const measured = (backend: "wasm" | "js") => {
      progress.at(`start ${name} ${backend}`);
      return measureStart(backend, budget);
    };
    const parts = { wasm: measured("wasm"), js: measured("js") };
    for (const part of parts.wasm.keys()) {
      const fields = { bench: "start", case: part === "all" ? name : `${name} ${part}`, unit: "ms" } as const;
      await sheet.line(part === "all" ? name : `  ${part}`, fields, ({ backend }) => parts[backend].get(part)!);
    }
  }

  for (const name of plans) {
    // A plan is the same for both backends.
    progress.at(`plan ${name}`);
    for (const [part, figure] of measurePlan(budget)) {
      sheet.records.push(record({ bench: "plan", case: `${name}, ${part}`, unit: "ms", ...wasmHow }, figure));
      progress.print(`plan     ${name}, ${part}: ${digits(figure.median)} ms (${digits(figure.min)}-${digits(figure.max)})`);
    }
  }

  write(sheet.records);
  if (sheet.disturbed) console.log("\n~ fewer quiet moments than it takes: all samples count");
  if (exceeded) console.error("bench: a product is faster than the limit, so one of the two figures is wrong");
  process.exitCode = exceeded ? 1 : 0;
}
