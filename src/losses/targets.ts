// What a loss's targets must be for the loss to mean anything. Checked once, where data comes in; neither Keras nor PyTorch does, and a
// network then learns something else without a word.
import { ShapeError } from "../errors.js";

/** - `distribution`: rows of numbers >= 0 that sum to 1, within `SUM_TOLERANCE`
 *  - `probability`: numbers in [0, 1], each of its own
 *  - `sign`: -1 and 1; or 0 and 1, as Keras: 0 means -1
 *  - `membership`: rows of 0 and 1, not all 0
 *  - `amount`: numbers >= 0 */
export type TargetKind = "distribution" | "probability" | "sign" | "membership" | "amount";

/** Sums of shares that people write with three digits or more, and of any number of float32 that were divided by their sum, stay within; so
 *  does what softmax makes of a million columns. */
export const SUM_TOLERANCE = 1e-3;

/** @param values finite, rows of `columns` @throws {ShapeError} naming row, column and what to do */
export function checkTargets(who: string, loss: string, kind: TargetKind, values: Float32Array, columns: number): void {
  kinds[kind](values, columns, (at, got, expected, help) => {
    const place = `row ${Math.floor(at / columns)}${got === "" ? `, column ${at % columns} is ${values[at]}` : ` ${got}`}`;
    throw new ShapeError(`${who}: ${place}, expected ${expected} (${loss}); ${help}`);
  });
}

/** @param got what of the row is wrong; "": the number itself */
type Refuse = (at: number, got: string, expected: string, help: string) => never;

/** The first number that is not `good` is refused. */
const each =
  (good: (value: number) => boolean, expected: string, help: string) =>
  (values: Float32Array, _: number, refuse: Refuse): void => {
    for (let i = 0; i < values.length; ++i) if (!good(values[i]!)) refuse(i, "", expected, help);
  };

const areSigns = each((value) => value === 1 || value === -1, "-1 or 1", "0 and 1 are taken for -1 and 1 where there is nothing else");

const kinds: Readonly<Record<TargetKind, (values: Float32Array, columns: number, refuse: Refuse) => void>> = {
  distribution: (values, columns, refuse) => {
    const help = "divide each row by its sum; where several classes may hold at once take binaryCrossEntropy";
    for (let at = 0; at < values.length; at += columns) {
      let sum = 0;
      for (let i = at; i < at + columns; ++i) {
        if (values[i]! < 0) refuse(i, "", "a probability, at least 0", help);
        sum += values[i]!;
      }
      if (Math.abs(sum - 1) > SUM_TOLERANCE)
        refuse(at, `sums to ${Number(sum.toPrecision(6))}`, `probabilities that sum to 1, within ${SUM_TOLERANCE}`, help);
    }
  },
  probability: each((value) => value >= 0 && value <= 1, "a probability from 0 to 1", "for other values take meanSquaredError"),
  amount: each((value) => value >= 0, "a count or amount of at least 0", "leave targets unscaled, or take meanSquaredError"),
  membership: (values, columns, refuse) => {
    const help = "targets are one-hot rows or class ids";
    for (let at = 0; at < values.length; at += columns) {
      let some = false;
      for (let i = at; i < at + columns; ++i) {
        if (values[i] !== 0 && values[i] !== 1) refuse(i, "", "0 or 1", help);
        some ||= values[i] === 1;
      }
      if (!some) refuse(at, "is all zeros", "a 1 at the row's class", help);
    }
  },
  sign: (values, columns, refuse) => {
    if (!values.every((value) => value === 0 || value === 1)) areSigns(values, columns, refuse);
  },
};
