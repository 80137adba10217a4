// Sources that fail, do not answer, or are not closed well: how fit ends, and that the run can be resumed.
import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import * as cr from "../src/index.js";
import { ids, inputs, itemsOf, make, options, outcome, plain, ROWS } from "./streams.js";

test("an iterator's own error is passed on, and iterators that are left early are closed", async () => {
  let open = 0;
  const net = await make();
  const failing = cr.dataset.stream(
    async function* () {
      open += 1;
      try {
        yield plain(0, 50);
        throw new RangeError("the disk is gone");
      } finally {
        open -= 1;
      }
    },
    { rows: 60 },
  );
  await expect(net.fit(failing, options)).rejects.toThrow(new RangeError("the disk is gone"));
  expect(open).toBe(0);
});

describe("a source that throws while it is closed", () => {
  /** Closed well by the reading that looks at the first item, badly by those of epochs. */
  const unclosable = () => {
    let readings = 0;
    const close = (reading: number) => {
      if (reading > 1) throw new RangeError("no such handle");
    };
    return cr.dataset.stream(
      function* () {
        const reading = ++readings;
        try {
          for (let begin = 0; begin < ROWS; ++begin) yield plain(begin, begin + 1);
        } finally {
          close(reading);
        }
      },
      { rows: ROWS },
    );
  };

  test.each<readonly [string, (stop: AbortController) => void, string]>([
    ["is heard where the run ends well", (stop) => stop.abort(), "no such handle"],
    [
      "does not hide what ended the run",
      () => {
        throw new RangeError("enough");
      },
      "enough",
    ],
  ])("%s, and the network is of use", async (_, act, message) => {
    const net = await make();
    const stop = new AbortController();
    const run = { ...options, chunkMilliseconds: 1e-9, signal: stop.signal, onProgress: () => act(stop) };
    await expect(net.fit(unclosable(), run)).rejects.toThrow(new RangeError(message));
    expect(net.steps).toBe(1);
    net.trainOnBatch(inputs, ids);
    await net.fit(plain(0, 9));
    net.dispose();
  });
});

test("a run whose validation stream failed is resumed to the same bits", async () => {
  const whole = await make();
  await whole.fit(plain(0, ROWS), options);
  let readings = 0;
  const validation = cr.dataset.stream(function* () {
    // The first two are to see whether it fits.
    if (++readings === 4) throw new RangeError("the disk is gone");
    yield plain(0, 9);
  });
  const net = await make();
  await expect(net.fit(plain(0, ROWS), { ...options, validation })).rejects.toThrow(new RangeError("the disk is gone"));
  await net.fit(plain(0, ROWS), { ...options, validation, resume: true });
  expect(net.weightsHash()).toBe(whole.weightsHash());
});

describe("a source that does not answer", () => {
  /** After so many rows, in the reading of that number, until it is told to return, which it does not answer either. */
  const stalling = (reading: number, rows: number) => {
    const seen = { readings: 0, stalled: () => {}, returned: 0 };
    const open = () => {
      const stalls = seen.readings++ === reading;
      let row = 0;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            if (row === ROWS) return Promise.resolve({ done: true as const, value: undefined });
            if (!stalls || row < rows) return Promise.resolve({ done: false as const, value: plain(row, ++row) });
            setTimeout(seen.stalled);
            return new Promise<never>(() => {});
          },
          return: () => {
            seen.returned += Number(stalls);
            return stalls ? new Promise<never>(() => {}) : Promise.resolve({ done: true as const, value: undefined });
          },
        }),
      };
    };
    return { seen, rows: cr.dataset.stream<cr.StreamItem>(open, { rows: ROWS }) };
  };
  // The first reading is to see whether its items fit.
  const run = { ...options, chunkMilliseconds: 1e-9 };

  test.each([
    ["before the first step", 1, 0, 0],
    ["within an epoch", 2, 50, 13 + 6],
    ["at an epoch's begin", 3, 0, 2 * 13],
  ])("%s is left when the signal says so, and the run resumed to the same bits", async (_, reading, rows, steps) => {
    const whole = await make();
    const history = await whole.fit(plain(0, ROWS), options);
    const net = await make();
    const abort = new AbortController();
    const { seen, rows: stream } = stalling(reading, rows);
    seen.stalled = () => abort.abort();
    const callback: cr.Callback = {
      type: "ended",
      onFitEnd: ({ stopped }) => void ended.push(stopped),
      state: () => ({}),
      restore: () => {},
    };
    const ended: unknown[] = [];
    const callbacks = [callback];
    const stopped = await net.fit(stream, { ...run, callbacks, signal: abort.signal });
    expect([stopped.stopped, stopped.epochs.length, net.steps, seen.returned]).toEqual(["signal", reading - 1, steps, 1]);
    expect(ended).toEqual(["signal"]);
    const loaded = await cr.loadNetwork(net.save({ training: true }), { backend: "js" });
    for (const resumed of [net, loaded]) {
      const rest = await resumed.fit(stream, { ...run, callbacks, resume: true });
      expect(outcome(resumed, rest)).toEqual({ ...outcome(whole, history), epochs: outcome(whole, history).epochs.slice(reading - 1) });
    }
  });

  test("in validation is left, too, and a resumed run begins with it", async () => {
    const whole = await make();
    const validation = cr.dataset.stream(() => itemsOf(plain, [9]));
    const history = await whole.fit(plain(0, ROWS), { ...run, validation });
    const net = await make();
    const abort = new AbortController();
    const { seen, rows: stream } = stalling(3, 20);
    seen.stalled = () => abort.abort();
    const stopped = await net.fit(plain(0, ROWS), { ...run, validation: stream, signal: abort.signal });
    expect([stopped.stopped, stopped.epochs.length, net.steps, net.interrupted!.epochs]).toEqual(["signal", 1, 2 * 13, 1]);
    expect(seen.returned).toBe(1);
    const rest = await net.fit(plain(0, ROWS), { ...run, validation: stream, resume: true });
    expect(net.weightsHash()).toBe(whole.weightsHash());
    expect(rest.epochs.map((epoch) => epoch.validation)).toEqual(history.epochs.slice(1).map((epoch) => epoch.validation));
  });

  test.each(["data", "validation"])("with its first item, as %s, is left before the run, which resumed begins anew", async (which) => {
    const whole = await make();
    await whole.fit(plain(0, ROWS), run);
    const net = await make();
    const abort = new AbortController();
    const { seen, rows: stream } = stalling(0, 0);
    seen.stalled = () => abort.abort();
    const [data, validation] = which === "data" ? [stream, undefined] : [plain(0, ROWS), stream];
    const history = await net.fit(data, { ...run, ...(validation && { validation }), signal: abort.signal });
    expect(history).toEqual({ epochs: [], stopped: "signal" });
    expect([net.interrupted!.epochs, seen.returned]).toEqual([0, 1]);
    const loaded = await cr.loadNetwork(net.save({ training: true }), { backend: "js" });
    for (const resumed of [net, loaded]) {
      const starts: boolean[] = [];
      const callback: cr.Callback = { type: "started", onFitStart: ({ resumed }) => void starts.push(resumed) };
      await resumed.fit(data, { ...run, callbacks: [callback], resume: true });
      expect(starts).toEqual([false]);
      expect(resumed.weightsHash()).toBe(whole.weightsHash());
    }
  });

  test("with its first item, when a run is resumed, leaves that as it was", async () => {
    const whole = await make();
    await whole.fit(plain(0, ROWS), run);
    const net = await make();
    const abort = new AbortController();
    await net.fit(plain(0, ROWS), { ...run, signal: abort.signal, onProgress: () => net.steps === 20 && abort.abort() });
    const rows = cr.dataset.stream(() => itemsOf(plain, [9]));
    expect(await net.fit(rows, { ...run, signal: abort.signal, resume: true })).toEqual({ epochs: [], stopped: "signal" });
    await net.fit(rows, { ...run, resume: true });
    expect(net.weightsHash()).toBe(whole.weightsHash());
  });

  test.each([true, false])("with its first item leaves what is saved meanwhile as it was (resume: %s)", async (resume) => {
    const net = await make();
    let abort = new AbortController();
    const counting = (count: number): cr.Callback => ({ type: "counting", state: () => ({ json: count }), restore: () => {} });
    const onProgress = () => net.steps === 5 && abort.abort();
    await net.fit(plain(0, ROWS), { ...run, callbacks: [counting(1)], signal: abort.signal, onProgress });
    const before = net.save({ training: true });
    abort = new AbortController();
    const { seen, rows } = stalling(0, 0);
    let saved: unknown;
    seen.stalled = () => {
      saved = net.save({ training: true });
      abort.abort();
    };
    await net.fit(rows, { ...run, callbacks: [counting(2)], signal: abort.signal, resume });
    expect(saved).toEqual(before);
  });

  /** It gives its items, and in readings from that number on does not answer, or only then, when it is told to return. */
  const clinging = (reading: number, milliseconds = Number.POSITIVE_INFINITY) => {
    const seen = { readings: 0, told: () => {}, returned: 0 };
    const close = async () => {
      seen.told();
      await new Promise((resolve) => milliseconds < Number.POSITIVE_INFINITY && setTimeout(resolve, milliseconds));
      seen.returned += 1;
      return { done: true as const, value: undefined };
    };
    const open = () => {
      const clings = seen.readings++ >= reading;
      const items = itemsOf(plain, [9]);
      return { [Symbol.asyncIterator]: () => ({ next: () => items.next(), return: () => (clings ? close() : items.return(undefined)) }) };
    };
    return { seen, rows: cr.dataset.stream<cr.StreamItem>(open, { rows: ROWS }) };
  };

  test.each([
    ["between chunks", 1, "data"],
    ["after the first item of data", 0, "data"],
    ["after the first item of validation", 0, "validation"],
  ])("to being told to return %s is left when the signal says so, and the run resumed to the same bits", async (_, reading, which) => {
    const whole = await make();
    await whole.fit(plain(0, ROWS), run);
    const net = await make();
    const abort = new AbortController();
    const { seen, rows } = clinging(reading);
    seen.told = () => setTimeout(() => abort.abort());
    const [data, validation] = which === "data" ? [rows, undefined] : [plain(0, ROWS), rows];
    const onProgress = () => net.steps === 5 && abort.abort();
    const stopped = await net.fit(data, { ...run, ...(validation && { validation }), signal: abort.signal, onProgress });
    expect([stopped.stopped, net.steps, seen.returned]).toEqual(["signal", reading === 1 ? 5 : 0, 0]);
    await net.fit(plain(0, ROWS), { ...run, resume: true });
    expect(net.weightsHash()).toBe(whole.weightsHash());
  });

  test("at once to being told to return is waited for, though the signal has ended the run", async () => {
    const net = await make();
    const abort = new AbortController();
    const { seen, rows } = clinging(1, 50);
    expect((await net.fit(rows, { ...run, signal: abort.signal, onProgress: () => abort.abort() })).stopped).toBe("signal");
    expect(seen.returned).toBe(1);
  });

  test("but with a signal's own error, or an end, when that is aborted, has not failed", async () => {
    for (const heed of ["throw", "end"]) {
      const net = await make();
      const abort = new AbortController();
      const source = async function* () {
        yield plain(0, 50);
        setTimeout(() => abort.abort());
        await new Promise((resolve) => abort.signal.addEventListener("abort", resolve));
        if (heed === "throw") abort.signal.throwIfAborted();
      };
      const stopped = await net.fit(cr.dataset.stream(source, { rows: ROWS }), { ...run, signal: abort.signal });
      expect([stopped.stopped, net.steps]).toEqual(["signal", 6]);
    }
  });

  test("is not what a callback throws, be it the signal's own error", async () => {
    const net = await make();
    const abort = new AbortController();
    const onProgress = () => {
      abort.abort();
      abort.signal.throwIfAborted();
    };
    const rows = cr.dataset.stream(() => itemsOf(plain, [9]));
    await expect(net.fit(rows, { ...run, signal: abort.signal, onProgress })).rejects.toMatchObject({ name: "AbortError" });
    expect(net.steps).toBe(1);
  });

  test.each(["data", "validation"])(
    "and one, as %s, that does not answer is not left listening once the signal has come",
    async (which) => {
      const net = await make();
      const abort = new AbortController();
      const { seen, rows } = stalling(1, 0);
      seen.stalled = () => abort.abort();
      const [data, validation] = which === "data" ? [rows, undefined] : [plain(0, ROWS), rows];
      await net.fit(data, { ...run, ...(validation && { validation }), signal: abort.signal });
      expect(getEventListeners(abort.signal, "abort")).toEqual([]);
    },
  );

  test("and none that answers is left listening", async () => {
    const net = await make();
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    await net.fit(
      cr.dataset.stream(() => itemsOf(plain, [9])),
      { ...run, signal },
    );
    expect(add.mock.calls.length).toBeGreaterThan(30);
    expect(remove.mock.calls.length).toBe(add.mock.calls.length);
  });
});
