// The command line. Node's own parser throws on unknown options; each mistake is one line and exit code 2.
import { closeSync, openSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

export interface Options {
  /** Writes figures as JSON where `--json` says, if it does. */
  readonly write: (figures: readonly object[]) => void;
  readonly only: string;
  readonly quiet: boolean;
  readonly quick: boolean;
  readonly relaxed: boolean;
  readonly revectorize: boolean;
}

const benchHelp = `chainrule bench [options], npm run bench -- [options]
How fast kernels and training steps are on this machine.

  --only TEXT    lines whose name contains it: "gemm 256", "kernel adam",
                 "step 784-128-10"; limit, predict, trainOnBatch, dispatch,
                 start, plan
  --relaxed      WebAssembly in relaxed arithmetic; plain JavaScript is always
                 the faster of its two
  --revectorize  with V8's 256-bit operations
  --quiet        counts only what it measures while nothing else slows the
                 core, for which it waits up to 5 s a figure
  --quick        fewer sizes, shorter samples: a look, not a measurement
  --json FILE    writes all figures as JSON
  --help

wasm and js are medians, min and max the least and the largest of WebAssembly's
samples, ratio is how many times as fast as js it is. limit: the share of the
multiplications and additions that 128 bits allow this core; bound: of what a
copy, or divisions and roots alone, allow. NN, TN, NT: x·W, xᵀ·dy and dy·Wᵀ of a
layer, batch x inputs x units. GB/s: what is read and what is written.`;

/** @param help what `--help` prints, where the command is another one than `npm run bench` */
export function readOptions(argv: readonly string[], help = benchHelp): Options {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        json: { type: "string" },
        only: { type: "string" },
        quick: { type: "boolean" },
        // Of the bench alone.
        ...(help === benchHelp && { relaxed: { type: "boolean" }, revectorize: { type: "boolean" }, quiet: { type: "boolean" } }),
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    return {
      write: writer(values.json),
      only: values.only ?? "",
      quick: values.quick ?? false,
      quiet: values.quiet === true,
      relaxed: values.relaxed === true,
      revectorize: values.revectorize === true,
    };
  } catch (error) {
    // Node's message goes on to explain how to pass a value that begins with a dash.
    refuse((error as Error).message.split(/\.?\n|\. /)[0]!);
  }
}

function writer(file: string | undefined): Options["write"] {
  if (file === undefined) return () => {};
  const attempt = (act: () => void) => {
    try {
      act();
    } catch (error) {
      refuse(`--json: ${(error as Error).message}`);
    }
  };
  // Where nothing can be written is told before all is measured, not after it.
  attempt(() => closeSync(openSync(file, "a")));
  return (figures) => attempt(() => writeFileSync(file, `${JSON.stringify(figures, null, 1)}\n`));
}

/** Ends the process. */
export function refuse(why: string): never {
  console.error(`bench: ${why}; --help lists the options`);
  process.exit(2);
}
