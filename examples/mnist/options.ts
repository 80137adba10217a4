// The command line of the MNIST example: one table from which parsing, defaults and --help come.

/** A command line that cannot be meant; the message is one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Options {
  readonly epochs: number;
  readonly batch: number;
  readonly hidden: readonly number[];
  readonly backend: "wasm" | "js";
  readonly seed: number;
  readonly data?: string;
  readonly save: string;
}

interface Option<T> {
  readonly value: string;
  readonly about: string;
  readonly initial: T;
  /** @returns undefined for a text that is not `wanted` */
  readonly parse: (text: string) => T | undefined;
  readonly wanted: string;
}

const whole = (text: string, least: number, most: number) =>
  /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined;
const count = (text: string) => whole(text, 1, 1e6);

const table: { readonly [Name in keyof Options]-?: Option<Options[Name]> } = {
  epochs: { value: "N", about: "passes over the training images", initial: 8, parse: count, wanted: "a whole number from 1 to 1000000" },
  batch: { value: "N", about: "images a step", initial: 64, parse: count, wanted: "a whole number from 1 to 1000000" },
  hidden: {
    value: "N,N…",
    about: "units of the hidden layers",
    initial: [128],
    parse: (text) => {
      const widths = text.split(",").map(count);
      return widths.every((width) => width !== undefined) ? widths : undefined;
    },
    wanted: "whole numbers from 1 to 1000000 with commas between, as 128,64",
  },
  backend: {
    value: "NAME",
    about: "wasm, or js: plain JavaScript",
    initial: "wasm",
    parse: (text) => (text === "wasm" || text === "js" ? text : undefined),
    wanted: "wasm or js",
  },
  seed: {
    value: "N",
    about: "of initial weights and shuffling",
    initial: 1,
    parse: (text) => whole(text, 0, 2 ** 32 - 1),
    wanted: `a whole number from 0 to ${2 ** 32 - 1}`,
  },
  data: {
    value: "DIR",
    about: "four IDX files named as MNIST's",
    initial: undefined,
    parse: (text) => text || undefined,
    wanted: "a folder",
  },
  save: {
    value: "FILE",
    about: "where the trained network goes",
    initial: "build/mnist.chainrule",
    parse: (text) => text || undefined,
    wanted: "a file",
  },
};

export const help = [
  "Trains a network on MNIST's 60,000 digits and tests it on 10,000 others.",
  "",
  "npm start -- [options]",
  ...Object.entries(table).map(([name, { value, about, initial }]) => {
    const standard = initial === undefined ? "the bundled MNIST" : initial;
    return `  ${`--${name} ${value}`.padEnd(16)} ${about} (${standard})`;
  }),
  `  ${"--help".padEnd(16)} this text`,
].join("\n");

/** @param args as in `process.argv.slice(2)`: `--name value` or `--name=value`, the last one counts
 *  @returns "help" if that is asked for
 *  @throws {UsageError} unknown options, missing or impossible values */
export function parseOptions(args: readonly string[]): Options | "help" {
  if (args.includes("--help") || args.includes("-h")) return "help";
  const options: Record<string, unknown> = Object.fromEntries(Object.entries(table).map(([name, { initial }]) => [name, initial]));
  for (let i = 0; i < args.length; ++i) {
    const [, name = "", inline] = /^--([^=]+)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    if (!isName(name))
      throw new UsageError(
        `unknown option ${JSON.stringify(args[i])}, expected one of: ${Object.keys(table)
          .map((known) => `--${known}`)
          .join(", ")}, --help`,
      );
    const text = inline ?? args[++i];
    const { parse, wanted } = table[name];
    if (text === undefined) throw new UsageError(`--${name} has no value, expected ${wanted}`);
    const value = parse(text);
    if (value === undefined) throw new UsageError(`--${name} is ${JSON.stringify(text)}, expected ${wanted}`);
    options[name] = value;
  }
  return options as unknown as Options;
}

function isName(name: string): name is keyof Options {
  return Object.hasOwn(table, name);
}
