// Runs that are interrupted, by all that can interrupt one, and resumed: they end as if they had not been.
import fc from "fast-check";
import { NonFiniteError } from "../../src/index.js";
import { act, atOnce, type Deed, readers } from "./deeds.js";
import { type FitSpec, fitOf, type Log, stepOf } from "./fits.js";
import type { Deal, Subject } from "./machine.js";
import { outcome } from "./told.js";

interface Cut {
  readonly at: "epoch" | "step";
  readonly index: number;
  readonly by: "signal" | "error" | "kill" | "overflow";
  readonly reload: boolean;
  readonly meanwhile: readonly Deed[];
}

export const cut: fc.Arbitrary<Cut> = fc.record({
  at: fc.constantFrom("epoch", "step"),
  index: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 30 })),
  by: fc.constantFrom("signal", "error", "kill", "overflow"),
  reload: fc.boolean(),
  meanwhile: fc.array(atOnce(readers), { maxLength: 2 }),
});

/** A run that is interrupted and resumed: as one that was not. */
export const interrupted = (given: FitSpec, cuts: readonly Cut[]): Deal => {
  const spec = { ...given, counts: true };
  const epochsOf = (log: Log) => log.filter((line) => line.startsWith("epoch"));
  return {
    fit: spec,
    live: async (subject) => {
      const log: Log = [];
      const { kind } = subject;
      let resume = false;
      for (const cut of cuts) {
        const { steps } = subject.net;
        if (!(await isCut(subject, spec, cut, resume, log))) return epochsOf(log);
        // Before its first step it has left the run that was interrupted before it, which may be another's, as that was.
        resume ||= subject.net.steps > steps;
        for (const deed of cut.meanwhile) await outcome(() => act(subject.net, kind, deed));
      }
      const { data, options } = fitOf(kind, spec, log);
      await subject.net.fit(data, { ...options, resume: resume && subject.net.interrupted !== undefined });
      return epochsOf(log);
    },
    plain: async ({ net }, { kind }) => {
      const log: Log = [];
      const { data, options } = fitOf(kind, spec, log);
      await net.fit(data, options);
      return epochsOf(log);
    },
    // Norms are told beside those of when fit began.
    sameMessage: (text) => text.replace(/, norms .*/s, ""),
  };
};

class Interruption extends Error {}

/** Runs until it is cut. @returns false: it has ended before */
async function isCut(subject: Subject, given: FitSpec, { at, index, by, reload }: Cut, resume: boolean, log: Log): Promise<boolean> {
  const { net, kind } = subject;
  const overflows = by === "overflow" && kind.squares === true && given.data.weights === "none";
  const spec: FitSpec = overflows ? { ...given, data: { ...given.data, bad: "huge target" } } : given;
  const abort = new AbortController();
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const interrupt = () => {
    if (by === "signal" || by === "overflow") return abort.abort();
    if (by === "kill") bytes = net.save({ training: true });
    throw new Interruption();
  };
  const { data, options } = fitOf(kind, spec, log, { chunkMilliseconds: 1e-9 });
  const replace = async (saved: Uint8Array<ArrayBuffer>) => {
    const loaded = await subject.load(saved);
    net.dispose();
    subject.net = loaded;
  };
  try {
    const { stopped } = await net.fit(data, {
      ...options,
      resume,
      signal: abort.signal,
      onEpochEnd: (_, epoch) => {
        if (at === "epoch" && epoch === index) interrupt();
      },
      onProgress: (progress) => {
        if (at === "step" && stepOf(progress) === index) interrupt();
      },
    });
    if (stopped !== "signal") return false;
  } catch (error) {
    if (!(error instanceof Interruption) && !(overflows && error instanceof NonFiniteError)) throw error;
  }
  if (bytes) await replace(bytes);
  else if (reload) await replace(net.save({ training: true }));
  return true;
}
