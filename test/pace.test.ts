// How many steps a call may take, and which rows they take: by themselves, without a network.
import { expect, test } from "vitest";
import { Batches } from "../src/training/batches.js";
import { Pace } from "../src/training/pace.js";

test("a call has one step, then twice as many as the largest before it, as the last one's speed lets", () => {
  const pace = new Pace();
  expect(pace.stepsIn(1)).toBe(1);
  pace.called(1, 0.001);
  expect(pace.stepsIn(1)).toBe(2);
  pace.called(2, 0.001);
  expect(pace.stepsIn(1)).toBe(4);
  // Half a millisecond a step.
  expect(pace.stepsIn(0.0016)).toBe(3);
  pace.called(1, 0.1);
  expect(pace.stepsIn(1)).toBe(4);
  expect(pace.stepsIn(0.25)).toBe(2);
  expect(pace.stepsIn(0.05)).toBe(0);
  // None was done: its time is a step's, at least.
  pace.called(0, 0.5);
  expect(pace.stepsIn(1)).toBe(2);
});

test("samples per second are over all calls", () => {
  const pace = new Pace();
  pace.used(30, 0.5);
  pace.used(10, 1.5);
  expect(pace.samplesPerSecond).toBe(20);
});

test("steps take an epoch's rows one after the other, of the last step those that are left", () => {
  const batches = new Batches(7, 3, undefined);
  expect(batches.perEpoch).toBe(3);
  expect([0, 1, 2, 3, 4, 9].map((step) => batches.placeOf(step))).toEqual([
    { epoch: 0, begin: 0 },
    { epoch: 0, begin: 3 },
    { epoch: 0, begin: 6 },
    { epoch: 1, begin: 0 },
    { epoch: 1, begin: 3 },
    { epoch: 3, begin: 0 },
  ]);
  expect([0, 1, 2, 3, 4, 9].map((step) => batches.rowsBefore(step))).toEqual([0, 3, 6, 7, 10, 21]);
  expect([0, 1, 2, 3].map((step) => batches.rowsOf(step, 0))).toEqual([[0, 1, 2], [3, 4, 5], [6], [0, 1, 2]]);
  expect(batches.rowsOf(4, 3)).toEqual([0, 1, 2]);
});

test("an epoch's order is made once, until it is closed, and is the same when it is asked for again", () => {
  const batches = new Batches(7, 3, { seed: 5, firstEpoch: 2 });
  const [first, second] = [batches.orderOf(0)!, batches.orderOf(1)!];
  expect([...first].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(second).not.toEqual(first);
  batches.close(1);
  expect(batches.orderOf(1)).toBe(second);
  expect(batches.orderOf(0)).not.toBe(first);
  expect(batches.orderOf(0)).toEqual(first);
  expect(batches.rowsOf(4, 0)).toEqual([...second.subarray(3, 6)]);
  // Epochs are counted from the network's first.
  expect(new Batches(7, 3, { seed: 5, firstEpoch: 3 }).orderOf(0)).toEqual(second);
});
