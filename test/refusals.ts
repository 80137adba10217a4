// What is passed and must not be: a row each, and what holds for all of them.
import { beforeEach, describe, expect, test } from "vitest";
import { adam, categoricalCrossEntropy, dense, type Network, type NetworkOptions, network } from "../src/index.js";

type ErrorClass = new (...args: never[]) => Error;
/** What is refused, and how. */
export type Row = readonly [name: string, action: (net: Network) => unknown, error: ErrorClass, message: RegExp];

/** What types forbid and JavaScript does not. */
// biome-ignore lint/suspicious/noExplicitAny: the point of these tests
export const any = (value: unknown): any => value;

/** Whose buffer was transferred, as to a worker. */
export function transferred<T extends Uint8Array | Float32Array>(view: T): T {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
  return view;
}

const hole = Symbol("hole");
/** A sparse array: nothing at all where `items` says `hole`, as in [1, , 3]. */
// biome-ignore lint/suspicious/noExplicitAny: types allow it
export function sparse(items: (hole: symbol) => readonly unknown[]): any {
  const given = items(hole);
  const made: unknown[] = new Array(given.length);
  for (const [i, item] of given.entries()) if (item !== hole) made[i] = item;
  return made;
}

export const inputs = [
  [0.1, 0.2, 0.3],
  [0.4, 0.5, 0.6],
];
export const targets = [
  [1, 0],
  [0, 1],
];
export const options: NetworkOptions = {
  input: 3,
  layers: [dense(4, { activation: "relu" }), dense(2)],
  loss: categoricalCrossEntropy({ fromLogits: true }),
  optimizer: adam(),
  metrics: ["accuracy"],
  seed: 1,
};

/** A named error that says who, got, wanted, and a network that is as it was. */
export function refuses(rows: readonly Row[]): void {
  describe("a named error, and the network unchanged and of use:", () => {
    let net: Network;
    let hash: string;
    beforeEach(async () => {
      net = await network(options);
      hash = net.weightsHash();
    });

    test.each(rows)("%s", async (_, action, kind, message) => {
      const error = await thrownBy(() => action(net));
      expect(error).toBeInstanceOf(kind);
      expect((error as Error).message).toMatch(message);
      expect(net.weightsHash()).toBe(hash);
      expect((await net.fit({ inputs, targets })).epochs).toHaveLength(1);
    });
  });
}

export async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return undefined;
}
