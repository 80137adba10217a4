// The bench's products, each beside what the core can do at most in the same moment.
import { revectorize } from "../src/node.js";
import { type GemmCase, gemmCases } from "./gemm.js";
import { fasterOf, type Limit, measureAgain, measureLimit } from "./limit.js";
import { type Budget, measure } from "./measure.js";
import type { How } from "./networks.js";
import { recompile } from "./operands.js";
import { digits, percent, shownMedian } from "./page.js";
import type { Progress } from "./progress.js";
import { record } from "./record.js";
import type { Sheet } from "./sheet.js";

/** The limit beside a product is the fastest of so many loops, those that were fastest at first: which of them is moves. */
const LOOPS = 3;
/** How much faster than the limit a product may seem: they are measured at different times, and the clock rose by up to 2 % in between. */
const CLOCK = 1.03;

/** Switches the revectorizer on and says what it gives. */
export async function widen({ arithmetic }: How, budget: Budget, progress: Progress): Promise<void> {
  const sample = gemmCases().find(({ name, form }) => name === "256x256x256" && form === "NN")!;
  const rateOf = async () => {
    const { wasm, flops } = await sample.prepare();
    return measure(wasm[arithmetic]!, flops / 1e9, budget).median;
  };
  progress.at("what the flag gives");
  const before = await rateOf();
  revectorize();
  recompile();
  const after = await rateOf();
  progress.print(`flag     ${sample.name} off ${digits(before)}, on ${digits(after)} GFLOP/s: ${digits(after / before)}x`);
}

/** @param first the limit of 128 bits, measured before anything was made wider @returns whether some figure is above the limit */
export async function benchProducts(
  sheet: Sheet,
  products: readonly GemmCase[],
  first: readonly Limit[],
  { arithmetic, wide, budget }: { readonly arithmetic: How["arithmetic"]; readonly wide: boolean; readonly budget: Budget },
): Promise<boolean> {
  const width = wide ? 2 : 1;
  // Clocks move, and neighbours of a virtual machine come and go: each product is beside the limit of its own moment, the higher of
  // the one right before and the one right after it.
  const loops = first.slice(0, LOOPS).map(({ name }) => name);
  const { progress } = sheet;
  sheet.begin("gemm, GFLOP/s", { extra: "limit" });
  const limitNow = () => width * Math.max(...loops.map((loop) => measureAgain(arithmetic, loop, budget).median));
  for (const { name, form, prepare } of products) {
    const { wasm, js, flops } = await prepare();
    let beside = 0;
    const ofLimit = ({ median }: { readonly median: number }) => median / beside;
    await sheet.line(
      `${name} ${form}`,
      { bench: "gemm", case: name, form, unit: "GFLOP/s" },
      (how) => {
        if (how.backend === "js") return measure(js[how.arithmetic]!, flops / 1e9, budget);
        const before = limitNow();
        const figure = measure(wasm[how.arithmetic]!, flops / 1e9, budget);
        beside = Math.max(before, limitNow());
        return figure;
      },
      { extra: (figure) => percent(ofLimit(figure)), ofLimit },
    );
  }
  // The clock may have risen since: again, so that products and limit see the same machine.
  const limits =
    products.length > 0
      ? fasterOf(
          first,
          measureLimit(arithmetic, budget, (loop) => progress.at(loop)),
        )
      : first;
  const [{ name: fastest, figure: narrow }] = limits as [Limit];
  const limit = width * narrow.median;
  for (const { name, figure } of limits)
    sheet.records.push(
      record({ bench: "limit", case: name, backend: "wasm", arithmetic, unit: "GFLOP/s", ofLimit: figure.median / limit }, figure),
    );
  progress.print(`limit    ${wide ? "twice " : ""}${shownMedian(narrow)} GFLOP/s, multiply and add (${fastest})`);
  sheet.disturbed ||= narrow.disturbed === true;
  return sheet.records.some(({ bench, median }) => bench === "gemm" && median > CLOCK * limit);
}
