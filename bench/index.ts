// npm run bench: this machine's limit, kernels, whole training steps; WebAssembly against plain JavaScript in one process.
// Exits 1 if a product is said to run faster than the limit: one of the two is then wrong.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { Bounds } from "./bound.js";
import { measureDispatch } from "./dispatch.js";
import { gemmCases } from "./gemm.js";
import { kernelCases } from "./kernels.js";
import { fasterOf, measureLimit } from "./limit.js";
import { type Budget, type Figure, measure } from "./measure.js";
import { type Standard, standards } from "./networks.js";
import { prepare } from "./operands.js";
import { readOptions, refuse } from "./options.js";
import { digits, type Line, percent, table } from "./page.js";
import { type Record, record } from "./record.js";
import { measureStart, prepareStart } from "./start.js";
import { measurePredict, measureSteps, measureTrainOnBatch } from "./steps.js";

const { json, only, quick } = readOptions(process.argv.slice(2));
const budget: Budget = quick ? { warmup: 50, time: 15, samples: 1, fit: 40 } : { warmup: 200, time: 150, samples: 5, fit: 250 };
/** Floating-point operations of the largest product that `--quick` keeps: plain JavaScript takes 25 ms for it. */
const QUICK = 5e7;
/** Networks of which one row is predicted. */
const PREDICTED = ["4-16-3", "784-128-10"];
/** Networks of which single steps are measured: what JavaScript does shows in short ones. */
const SINGLE = ["2-8-1", "4-16-3"];

type Fields = Pick<Record, "bench" | "case" | "form" | "unit">;
const records: Record[] = [];
let lines: Line[] = [];

const wanted = (bench: Record["bench"], name: string) => `${bench} ${name}`.toLowerCase().includes(only.toLowerCase());

const stepName = ({ name, batch }: Standard) => `${name} batch ${batch}`;

/** One line: measures it on both backends. */
async function line(
  name: string,
  fields: Fields,
  run: (backend: "wasm" | "js") => Figure | Promise<Figure>,
  extra?: (wasm: Figure) => string,
) {
  const wasm = await run("wasm");
  const js = await run("js");
  records.push(record({ ...fields, backend: "wasm" }, wasm), record({ ...fields, backend: "js" }, js));
  lines.push({ name, wasm, js, extra: extra?.(wasm) });
}

function print(title: string, options?: Parameters<typeof table>[2]): void {
  if (lines.length > 0) console.log(table(title, lines, options));
  lines = [];
}

const products = gemmCases().filter(({ name, form, flops }) => wanted("gemm", `${name} ${form}`) && (!quick || flops <= QUICK));
const kernels = kernelCases.filter(({ name }) => wanted("kernel", name));
const trained = standards.filter((standard) => wanted("step", stepName(standard)));
const predicted = PREDICTED.map((name) => standards.find((standard) => standard.name === name)!).filter(({ name }) =>
  wanted("predict", name),
);
const single = standards.filter((standard) => SINGLE.includes(standard.name) && wanted("trainOnBatch", stepName(standard)));
const dispatched = wanted("dispatch", "fill of nothing");
const starts = ["784-128-10"].filter((name) => wanted("start", name));
const needsLimit = products.length > 0 || wanted("limit", "");
if (!needsLimit && !dispatched && [kernels, trained, predicted, single, starts].every((list) => list.length === 0))
  refuse(`no line's name contains "${only}"`);

console.log(`machine  ${cpus()[0]?.model.trim()}, ${cpus().length} cores`);
console.log(`engine   Node ${process.versions.node}, V8 ${process.versions.v8}; strict arithmetic, one thread`);

let exceeded = false;
if (needsLimit) {
  let limits = measureLimit(budget);
  for (const { name, form, prepare } of products) {
    const { wasm, js, flops } = await prepare();
    const run = (backend: "wasm" | "js") => measure(backend === "wasm" ? wasm : js, flops / 1e9, budget);
    await line(`${name} ${form}`, { bench: "gemm", case: name, form, unit: "GFLOP/s" }, run);
  }
  // The clock may have risen since: again, so that products and limit see the same machine.
  if (products.length > 0) limits = fasterOf(limits, measureLimit(budget));
  const limit = limits[0]!.figure.median;
  const share = ({ median }: Figure) => median / limit;
  records.forEach((r, i) => {
    records[i] = { ...r, ofLimit: share(r) };
  });
  records.unshift(
    ...limits.map(({ name, figure }) =>
      record({ bench: "limit", case: name, backend: "wasm", unit: "GFLOP/s", ofLimit: share(figure) }, figure),
    ),
  );
  exceeded = records.some(({ ofLimit }) => ofLimit! > 1);
  lines = lines.map((one) => ({ ...one, extra: percent(share(one.wasm)) }));
  console.log(`limit    ${digits(limit)} GFLOP/s, 128-bit multiply and add (${limits[0]!.name})`);
  print("gemm, GFLOP/s", { extra: "limit" });
}

const bounds = new Bounds(
  kernels.flatMap(({ bound }) => bound ?? []),
  budget,
);
for (const { name, job, bound } of kernels) {
  const { wasm, js, bytes, span } = await prepare(job);
  // The slower of copying as much memory and of the roots and divisions of as many elements.
  const most = bound && Math.min(bounds.copy(span), bounds.divisions(bound) * (bytes / job.values.end!));
  await line(
    name,
    { bench: "kernel", case: name, unit: "GB/s" },
    (backend) => measure(backend === "wasm" ? wasm : js, bytes / 1e9, budget),
    most ? ({ median }) => percent(median / most) : undefined,
  );
}
print("other kernels, GB/s", { extra: "bound" });

for (const standard of trained) {
  const name = stepName(standard);
  await line(
    name,
    { bench: "step", case: name, unit: "samples/s" },
    (backend) => measureSteps(standard, backend, budget),
    ({ median }) => digits(median / standard.batch),
  );
}
print("training, samples/s", { extra: "steps/s" });

for (const standard of predicted)
  await line(standard.name, { bench: "predict", case: standard.name, unit: "µs" }, (backend) => measurePredict(standard, backend, budget));
print("prediction of one row, µs", { smallerIsBetter: true });

for (const standard of single) {
  const fields = { bench: "trainOnBatch", case: stepName(standard), unit: "µs" } as const;
  await line(stepName(standard), fields, (backend) => measureTrainOnBatch(standard, backend, budget));
}
print("one step by trainOnBatch, µs", { smallerIsBetter: true });

if (dispatched)
  await line("fill of nothing", { bench: "dispatch", case: "fill of nothing", unit: "ns" }, (backend) => measureDispatch(backend, budget));
print("decode and dispatch of an instruction, ns", { smallerIsBetter: true });

for (const name of starts) {
  await prepareStart();
  const [wasm, js] = [measureStart("wasm", budget), measureStart("js", budget)];
  const parts = { wasm, js };
  for (const part of wasm.keys()) {
    const fields = { bench: "start", case: part === "all" ? name : `${name} ${part}`, unit: "ms" } as const;
    await line(part === "all" ? name : `  ${part}`, fields, (backend) => parts[backend].get(part)!);
  }
}
print("start to the first step over an empty script, ms", { smallerIsBetter: true });

if (json) writeFileSync(json, `${JSON.stringify(records, null, 1)}\n`);
if (exceeded) console.error("bench: a product is faster than the limit, so one of the two figures is wrong");
process.exitCode = exceeded ? 1 : 0;
