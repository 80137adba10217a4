// What a run of fit reads, data and validation, in memory or streams: opened before it, and closed after it.
import { checkSameClasses } from "../data/classes.js";
import { checkData, type Data, type Ports, toSamples } from "../data/data.js";
import { checkAlike, checkMeaning, checkSameScale, isScaled, type Meaning, meaningOf, type OnMeaning } from "../data/meaning.js";
import { type First, tryStream, until } from "../data/reading.js";
import { checkKept, type Samples } from "../data/samples.js";
import { type DataStream, isStream } from "../data/stream.js";
import type { Model } from "../model.js";
import type { Network } from "../network.js";
import { evaluateInTurns, evaluateStream } from "../slices.js";
import type { CompleteFit } from "./fitOptions.js";
import { checkOrder, StreamRows } from "./streamRows.js";
import type { Validate } from "./training.js";

/** The network that they are for. */
export interface Reader {
  readonly net: Network;
  readonly model: Model;
  readonly ports: Ports;
  readonly meaning: Meaning;
}

export interface Sources {
  readonly data: Samples | StreamRows;
  readonly validate: Validate | undefined;
}

/** Reads of streams what must be known before the first step. What data says of its numbers becomes the network's, and is validation's, too.
 *  @param samples data in memory, checked
 *  @throws also the signal's reason, where that ends the wait for them */
export async function openSources(
  reader: Reader,
  data: Data | DataStream,
  samples: Samples | undefined,
  { validation, signal, resume, shuffle }: CompleteFit,
): Promise<Sources> {
  const { net, ports, meaning } = reader;
  if (isStream(data)) checkOrder(data, shuffle);
  const checked = validation === undefined ? undefined : await openValidation(reader, validation, signal);
  // A new run may be in another scale, which becomes the network's; that there is none may have been forgotten, and one that goes on has its own.
  const hear: OnMeaning = (who, said) => {
    if (resume || !isScaled(said.scalers)) checkMeaning(resume ? "fit: resume" : who, said, meaning);
    else checkClasses(reader)(who, said);
  };
  const feed = isStream(data) ? await StreamRows.open(until(signal, data), ports, hear, net.seed) : undefined;
  const training = feed?.meaning ?? meaningOf("fit", data);
  if (!feed) hear("fit", training);
  if (isScaled(training.scalers)) net.scalers = training.scalers;
  if (training.classes) net.classes = training.classes;
  if (checked) {
    checkSameScale(checked.who, checked.meaning, training);
    checkMeaning(checked.who, checked.meaning, meaning);
  }
  return { data: feed ?? samples!, validate: checked?.validate };
}

/** As in `for await`: what a source says to being closed does not hide why it is closed. */
export async function closing<T>({ data }: Sources, body: () => Promise<T>): Promise<T> {
  const feed = data instanceof StreamRows ? data : undefined;
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

/** In memory, the whole of it stands for its first item. */
interface Validation extends First {
  readonly validate: Validate;
}

async function openValidation(reader: Reader, data: Data | DataStream, signal: AbortSignal | undefined): Promise<Validation> {
  const { model, ports } = reader;
  const who = "fit: validation";
  if (!isStream(data)) {
    const samples = held(who, data, reader);
    const check = () => {
      signal?.throwIfAborted();
      checkKept(who, samples);
    };
    const validate = (milliseconds: number) => {
      checkKept(who, samples);
      return evaluateInTurns(model, samples, milliseconds, check);
    };
    return { validate, meaning: meaningOf(who, data), who };
  }
  const stream = until(signal, data);
  const first = await tryStream(who, stream, ports, checkClasses(reader));
  return { validate: () => evaluateStream(who, model, stream, ports, (who, said) => checkAlike(who, said, first.meaning)), ...first };
}

/** Data in memory, checked. */
export function held(who: string, data: Data, reader: Reader): Samples {
  checkData(who, data);
  checkClasses(reader)(who, meaningOf(who, data));
  return toSamples(who, data, reader.ports);
}

/** What can be checked before all is known that is read: scales may yet become the network's. */
const checkClasses =
  ({ meaning }: Reader): OnMeaning =>
  (who, said) =>
    checkSameClasses(who, said.classes, meaning.classes);
