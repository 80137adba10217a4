// fit, around its run: opens the streams and closes them, and where nothing was done leaves the network as if it had not been called. The
// run itself is in run.ts.
import type { ThreadChoice } from "./backends/backend.js";
import { serve } from "./callbacks.js";
import type { Data, Ports } from "./data.js";
import { checkOneScale, type Dataset } from "./dataset/dataset.js";
import { type DataStream, isStream } from "./dataset/stream.js";
import { OptionError } from "./errors.js";
import { Feed } from "./feed.js";
import { type CompleteFit, completeFit, type FitOptions } from "./fitOptions.js";
import type { History } from "./history.js";
import type { Meaning } from "./meaning.js";
import type { Model } from "./model.js";
import type { Network } from "./network.js";
import type { Position } from "./position.js";
import { isStop, tryStream, until } from "./reading.js";
import { keep, statesFor } from "./resume.js";
import { train } from "./run.js";
import type { Samples } from "./samples.js";
import { evaluateSamples, evaluateStream } from "./slices.js";
import type { Validate } from "./training.js";

/** A network from within, as `fit` trains it. */
export interface Trainee {
  readonly net: Network;
  readonly model: Model;
  readonly ports: Ports;
  readonly threads: ThreadChoice;
  readonly position: Position;
  readonly meaning: Meaning;
  samples(who: string, data: Data): Samples;
  assertAlive(who: string): void;
}

/** As `Network.fit`, of a network that is idle. */
export async function fit(trainee: Trainee, data: Data | DataStream, given: FitOptions): Promise<History> {
  const { net, model, position, meaning } = trainee;
  const samples = isStream(data) ? undefined : trainee.samples("fit", data);
  const complete = completeFit(given);
  const options = { ...complete, resume: complete.resume && position.interrupted !== "unbegun" };
  const { callbacks, resume, signal, validation } = options;
  const states = resume ? statesFor(callbacks, position) : [];
  checkOneScale("fit: validation", validation, data);
  const before = { position: { ...position }, meaning: { ...meaning } };
  const undo = () => {
    Object.assign(position, before.position);
    Object.assign(meaning, before.meaning);
  };
  let ended = false;
  const assertRunning = (who: string) => {
    trainee.assertAlive(who);
    if (ended) throw new OptionError(`${who}: its fit has ended; take the network's parameters and setParameters`);
  };
  const control = {
    net,
    weights: () => {
      assertRunning("weights");
      return model.weights();
    },
    setWeights: (copy: Float32Array) => {
      assertRunning("setWeights");
      model.setWeights(copy);
    },
  };
  position.callbacks = callbacks;
  try {
    const opened = await open(trainee, data, options).catch((error: unknown) => {
      if (!isStop(error, signal)) throw error;
    });
    if (!opened) {
      undo();
      if (!resume) position.interrupted = "unbegun";
      return { epochs: [], stopped: "signal" };
    }
    const { feed, validate } = opened;
    return await closing(feed, () => serve(callbacks, () => train(trainee, feed ?? samples!, validate, options, control, states)));
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

interface Opened {
  /** of a stream */
  readonly feed: Feed | undefined;
  readonly validate: Validate | undefined;
}

/** Checks validation, and reads of streams what must be known before the first step.
 *  @throws also the signal's reason, where that ends the wait for them */
async function open(trainee: Trainee, data: Data | DataStream, { validation, signal }: CompleteFit): Promise<Opened> {
  const { net, ports } = trainee;
  const { scalers, classes } = data as Partial<Dataset>;
  if (scalers !== undefined) net.scalers = scalers;
  if (classes !== undefined) net.classes = classes;
  const validate =
    validation === undefined ? undefined : await validating(trainee, isStream(validation) ? until(signal, validation) : validation);
  return { feed: isStream(data) ? await Feed.open(until(signal, data), ports, net.seed) : undefined, validate };
}

async function validating({ model, ports, samples }: Trainee, validation: Data | DataStream): Promise<Validate> {
  const who = "fit: validation";
  if (!isStream(validation)) {
    const checked = samples(who, validation);
    return () => evaluateSamples(model, checked);
  }
  await tryStream(who, validation, ports);
  return () => evaluateStream(who, model, validation, ports);
}

/** As in `for await`: what a source says to being closed does not hide why it is closed. */
async function closing<T>(feed: Feed | undefined, body: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await body();
  } catch (error) {
    await feed?.close().catch(() => {});
    throw error;
  }
  await feed?.close();
  return result;
}
