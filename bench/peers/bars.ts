// By how much we mean to be faster, on one thread; the command says which bars are reached.
import { peers } from "./peers.js";

export interface Bar {
  /** The network's name. */
  readonly network: string;
  /** Over the fastest of these lines. */
  readonly over: string;
  readonly lines: readonly string[];
  readonly times: number;
}

/** Those that are installed. */
const others = Object.keys(peers).filter((name) => peers[name]!.folder !== undefined);
const plain = Object.keys(peers).filter((name) => peers[name]!.plain);

const overLibraries = (network: string, times: number): Bar => ({ network, over: "the fastest library", lines: others, times });
const overPlain = (network: string, times: number): Bar => ({ network, over: "the fastest plain JavaScript", lines: plain, times });
const overTfjs = (network: string, times: number): Bar => ({ network, over: "tfjs", lines: ["tfjs wasm"], times });

export const bars: readonly Bar[] = [
  overLibraries("2-8-1 batch 4", 2.5),
  overLibraries("4-16-3 batch 16", 3),
  overLibraries("784-128-10 batch 32", 5),
  overPlain("784-128-10 batch 32", 7.5),
  overTfjs("784-128-10 batch 32", 10),
  overLibraries("784-128-10 batch 1", 12),
  overLibraries("784-512-512-10 batch 128", 2.5),
  overPlain("784-512-512-10 batch 128", 8),
  overTfjs("784-512-512-10 batch 128", 24),
];
