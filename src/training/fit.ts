// fit, around its run: where nothing was done, the network is left as if it had not been called. What it reads is in sources.ts, the run itself
// in run.ts.
import type { ThreadChoice } from "../backends/backend.js";
import type { Data } from "../data/data.js";
import { isStop } from "../data/reading.js";
import { type DataStream, isStream } from "../data/stream.js";
import { OptionError } from "../errors.js";
import { metricNames } from "../objectives.js";
import { weightsWereSet } from "../parameters.js";
import { serve } from "./callbacks.js";
import { completeFit, type FitOptions } from "./fitOptions.js";
import type { History } from "./history.js";
import { hasEnded, type Position, runToResume } from "./position.js";
import { reportedNames } from "./reported.js";
import { keep, statesFor } from "./resume.js";
import { train } from "./run.js";
import { closing, held, openSources, type Reader } from "./sources.js";

/** A network from within, as `fit` trains it. */
export interface Trainee extends Reader {
  readonly threads: ThreadChoice;
  readonly position: Position;
  /** Throw where a callback may not read or set weights now. */
  assertReadable(who: string): void;
  assertWritable(who: string): void;
}

/** As `Network.fit`, of a network that is idle. */
export async function fit(trainee: Trainee, data: Data | DataStream, given: FitOptions): Promise<History> {
  const { net, model, position, meaning } = trainee;
  // Before the options, for which targets may have been taken: fit(inputs, targets).
  const samples = isStream(data) ? undefined : held("fit", data, trainee);
  const complete = completeFit(given);
  const options = { ...complete, resume: complete.resume && position.interrupted !== "unbegun" };
  const { callbacks, resume, signal, validation } = options;
  if (resume && hasEnded(position, options.epochs, { ...options, rows: samples?.rows })) return { epochs: [], stopped: false };
  // Before what belongs to one: callbacks, streams that are read.
  if (resume) runToResume(position);
  const states = resume ? statesFor(callbacks, position) : [];
  const reported = reportedNames(metricNames(model.definition.objectives), validation !== undefined);
  for (const callback of callbacks) callback.checkReported?.(reported);
  const before = { position: { ...position }, meaning: { ...meaning } };
  const undo = () => {
    Object.assign(position, before.position);
    Object.assign(meaning, before.meaning);
  };
  let ended = false;
  const assertRunning = (who: string) => {
    if (ended) throw new OptionError(`${who}: its fit has ended; take the network's parameters and setParameters`);
  };
  const control = {
    net,
    reported,
    weights: () => {
      trainee.assertReadable("weights");
      assertRunning("weights");
      return model.weights();
    },
    setWeights: (copy: Float32Array) => {
      trainee.assertWritable("setWeights");
      assertRunning("setWeights");
      model.setWeights(copy);
      weightsWereSet(model, position);
    },
  };
  try {
    const sources = await openSources(trainee, data, samples, options).catch((error: unknown) => {
      if (!isStop(error, signal)) throw error;
    });
    if (!sources) {
      if (!resume) Object.assign(position, { interrupted: "unbegun", ended: undefined } satisfies Partial<Position>);
      return { epochs: [], stopped: "signal" };
    }
    position.callbacks = callbacks;
    return await closing(sources, () => serve(callbacks, () => train(trainee, sources, options, control, states)));
  } catch (error) {
    // Before a step was done or an epoch closed.
    if (position.step === before.position.step && position.epoch === before.position.epoch) undo();
    throw error;
  } finally {
    ended = true;
    model.region.rest();
    if (position.callbacks === callbacks) Object.assign(position, { callbacks: keep(callbacks), loaded: false });
  }
}
