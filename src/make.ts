// Networks are made here: of what users write, or of what `net.save()` wrote.
import { type ArithmeticName, type ArithmeticWish, arithmetics, wishOf } from "./arithmetic.js";
import { type BackendChoice, checkPossible, checkThreads, openRegion, type ThreadChoice } from "./backends/backend.js";
import { checkOneOf, checkOptions, checkPlain, isRecord, shown } from "./checks.js";
import type { Custom } from "./customParts.js";
import { restoreScalers } from "./data/scalers.js";
import { backends, checkPredictions, type Defined, define, type NetworkOptions } from "./definition.js";
import { BackendError, FormatError, OptionError } from "./errors.js";
import { checkDefinition, restore } from "./formats/definition.js";
import { decode } from "./formats/native.js";
import { cut } from "./inspect/wrap.js";
import { Model } from "./model.js";
import { Network } from "./network.js";
import type { Optimizer } from "./optimizers.js";

/** Makes a network with initial parameters drawn from its seed.
 *  @example
 *  const net = await network({
 *    input: 784,
 *    layers: [dense(128, { activation: "relu" }), dense(10)],
 *    loss: categoricalCrossEntropy({ fromLogits: true }),
 *    optimizer: adam(),
 *    seed: 1,
 *  });
 *  @throws {OptionError} an option out of range, or an activation before a loss that does not take what it makes; {ShapeError} layers or loss
 *    that do not fit; {BackendError} a backend that cannot run here */
export async function network(given: NetworkOptions): Promise<Network> {
  const defined = define(given);
  // Not of a file's: it was trained as it is.
  checkPredictions(defined);
  return make(defined, given, wishOf(given.arithmetic, given.seed));
}

async function make(
  { definition, measured }: Defined,
  { backend = "auto", threads = "auto" }: Pick<NetworkOptions, "backend" | "threads">,
  wish: ArithmeticWish,
): Promise<Network> {
  const region = await openRegion(backend, measured.bytes, wish);
  const model = new Model(definition, region, measured);
  try {
    checkPossible(region, threads);
    model.initialize();
  } catch (error) {
    region.dispose();
    throw error;
  }
  return Network.of(model, threads);
}

export interface LoadOptions {
  /** as in `network()` */
  readonly backend?: BackendChoice | undefined;
  /** as in `network()` */
  readonly threads?: ThreadChoice | undefined;
  /** Default: the saved network's. `strict` takes a network that was trained in relaxed arithmetic to an engine that has none, to other
   *  numbers. */
  readonly arithmetic?: ArithmeticName | undefined;
  /** In place of the saved one, as to fine-tune at another rate or with frozen layers. It begins at its first step: state of the saved one and
   *  the run to resume are left out. */
  readonly optimizer?: Optimizer | undefined;
  /** Your own layers, losses, activations and metrics: by name, a factory that takes the saved options. */
  readonly custom?: Custom | undefined;
}

/** Makes a network from what `net.save()` wrote: its parameters bit for bit, and with
 *  `training` its optimizer's state and the run to resume.
 *  @example const net = await loadNetwork(await (await fetch("digits.net")).arrayBuffer());
 *  @throws {FormatError} bytes that are no saved network, damaged, or of another version; {OptionError} an option out of range;
 *    {BackendError} a backend that cannot run here */
export async function loadNetwork(bytes: Uint8Array | ArrayBuffer, options: LoadOptions = {}): Promise<Network> {
  checkOptions("loadNetwork", options, ["backend", "threads", "arithmetic", "optimizer", "custom"]);
  const { backend = "auto", threads = "auto", arithmetic, optimizer, custom = {} } = options;
  checkOneOf("loadNetwork: backend", backend, backends);
  checkThreads("loadNetwork: threads", threads);
  if (!isRecord(custom) || Object.values(custom).some((make) => typeof make !== "function"))
    throw new OptionError(
      `loadNetwork: custom is ${shown(custom)}, expected an object of factories: { swiglu: (options) => swiglu(options) }`,
    );
  if (arithmetic !== undefined) checkOneOf("loadNetwork: arithmetic", arithmetic, arithmetics);
  const { definition, parameters, training, scalers, classes, attached } = decode(bytes);
  checkDefinition(definition);
  const { restored, saved } = await ofFile(() => {
    const restored = restore(definition, custom);
    // Before memory is asked for: what a file may claim is bounded by what it holds.
    const list = (tensors: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
      tensors.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ");
    const saved = define(restored);
    const expected = list(saved.measured.parameters.map(({ tensor }) => tensor));
    if (list(parameters) !== expected) throw new FormatError(`it holds ${list(parameters)}; its layers have ${expected}`);
    return { restored, saved };
  });
  const defined = optimizer === undefined ? saved : define({ ...restored, optimizer });
  return ofFile(async () => {
    const wish: ArithmeticWish = { name: restored.arithmetic ?? "strict", reason: "the saved network's" };
    const net = await make(defined, { backend, threads }, arithmetic ? wishOf(arithmetic, undefined) : wish);
    try {
      net.setParameters(parameters);
      if (training && optimizer === undefined) net.takeUp(training);
      if (scalers !== undefined) net.scalers = restoreScalers(scalers);
      net.classes = classes as readonly string[] | undefined;
      if (attached !== undefined) checkPlain("attached", attached);
      net.attached = attached;
    } catch (error) {
      net.dispose();
      throw error;
    }
    return net;
  });
}

/** What goes wrong in `body` is wrong with the file. */
async function ofFile<T>(body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (cause instanceof BackendError) throw cause;
    const { message } = cause as Error;
    // What the engine says of its stack; a file's names may be as long as the file.
    const what =
      cause instanceof RangeError ? `its layers are nested deeper, or take more inputs, than this engine can (${message})` : message;
    throw new FormatError(`saved network: ${cut(what, 2000)}`, { cause });
  }
}
