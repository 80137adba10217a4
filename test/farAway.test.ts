// Arrays of billions, nearly all holes, where rows, names, layers or numbers belong; and objects nested deeper than calls can go. To walk
// through all of either takes minutes, or all memory: what is wrong with them is said at once.
import { expect, test } from "vitest";
import * as cr from "../src/index.js";
import { any, inputs, options, targets, thrownBy } from "./refusals.js";

/** The first elements, and one where no memory reaches. */
// biome-ignore lint/suspicious/noExplicitAny: the point of this test
function far(last: unknown, ...first: readonly unknown[]): any {
  const array = [...first];
  array[4e9] = last;
  return array;
}

// biome-ignore lint/suspicious/noExplicitAny: the point of this test
function nested(depth: number): any {
  let value: unknown = 1;
  for (let i = 0; i < depth; ++i) value = [value];
  return value;
}

const net = await cr.network(options);
const ids = await cr.network({ ...options, loss: cr.sparseCategoricalCrossEntropy({ fromLogits: true }) });
const loss = cr.meanSquaredError();
const layers = [cr.dense(2)];
const x = cr.input(3);

test.each<readonly [string, () => unknown, RegExp]>([
  ["the only row", () => net.predict(far([1, 2, 3])), /element 0 is undefined, expected a number/],
  ["a row", () => net.predict(far([1, 2, 3], [1, 2, 3])), /no memory for 4000000001 rows of 3/],
  ["class ids", () => ids.evaluate({ inputs, targets: far(1, 1) }), /4000000001 class ids for 2 rows/],
  ["rows of class ids", () => ids.evaluate({ inputs, targets: far([1], [1]) }), /row 1 is undefined, expected an array of 1 class ids/],
  ["a row of class ids", () => ids.evaluate({ inputs, targets: [far(1), far(1)] }), /row 0 is an array of 4000000001/],
  ["labels", () => cr.dataset({ inputs, targets: far("a", "b") }), /4000000001 labels for 2 rows/],
  ["names of features", () => cr.dataset({ inputs, targets }, { features: far("a", "b") }), /features is an array of 4000000001/],
  ["names of classes", () => Object.assign(net, { classes: far("a", "b") }), /classes is an array of 4000000001/],
  ["losses", () => cr.network({ input: 3, layers, loss: far(loss, loss) }), /loss: got 4000000001 for 1 outputs/],
  ["metrics", () => cr.network({ input: 3, layers, loss, metrics: far("mae", "mae") }), /metrics\[1\] is undefined/],
  ["inputs", () => cr.network({ inputs: far(x, x), outputs: cr.dense(2)(x), loss }), /inputs\[1\] is undefined/],
  ["outputs", () => cr.network({ inputs: x, outputs: far(cr.dense(2)(x), cr.dense(2)(x)), loss }), /outputs\[1\] is undefined/],
  ["an input's shape", () => cr.input(far(3, 3)), /a shape of at most 64 dimensions/],
  ["a parameter's shape", () => net.setParameters([{ name: "dense_1.bias", values: [0, 0], shape: far(2, 2) }]), /has shape an array of/],
  ["a scaler's numbers", () => cr.restoreScaler("standardize", { mean: far(1, 1), std: far(1, 1) }), /expected finite numbers/],
  ["a group's patterns", () => cr.sgd({ groups: [{ match: far("a", "a"), frozen: true }] }), /match is an array of 4000000001/],
  ["a tensor's shape", () => cr.encodeSafetensors([{ name: "a", shape: far(1, 1), values: [1] }]), /shape an array of 4000000001/],
  ["scores", () => cr.argmax(far([1, 2], [1, 2])), /scores: row 1 is undefined/],
  ["predicted rows", () => cr.mae([[1]], far([1], [1])), /predictions: row 1 is undefined/],
  ["what is attached", () => net.save({ attach: far(1, 1) }), /attach: 1 is undefined, expected plain data/],
  ["deep arrays", () => net.save({ attach: nested(100_000) }), /attach: 0: 0: 0: 0: 0: 0: 0: 0: … is nested deeper than 500/],
  ["an option in deep arrays", () => cr.layer("mine", { a: nested(100_000) }, (_, x) => x), /nested deeper than 500/],
  ["a long text for an initializer", () => cr.dense(2, { weight: any("a".repeat(1e6)) }), /weight is "a{40}…", expected an initializer/],
])("%s", async (_, action, message) => {
  const error = await thrownBy(action);
  expect(error).toBeInstanceOf(cr.ChainruleError);
  expect((error as Error).message).toMatch(message);
});

test("a view that has left its buffer is no source of samples", () => {
  const buffer = new ArrayBuffer(24, { maxByteLength: 24 });
  const view = new Float32Array(buffer, 0, 6);
  buffer.resize(8);
  expect(() => cr.dataset(any(view))).toThrow(cr.ShapeError);
});
