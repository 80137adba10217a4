// The commands that lives are made of.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Network } from "../../src/index.js";
import { dataOf, rowsOf } from "./data.js";
import { act, atOnce, type Deed, deed, readers } from "./deeds.js";
import { company, disturb, type Fit, type FitSpec, fitOf, fitSpec, type Log, perEpoch } from "./fits.js";
import { cut, interrupted } from "./interruptions.js";
import { type Deal, deal, type NetworkSpec, networkSpec, Subject } from "./machine.js";
import { outcome } from "./told.js";

export type Lives = [Subject, Subject];
type Who = 0 | 1;

class Command implements fc.AsyncCommand<object, Lives> {
  constructor(
    private readonly name: string,
    private readonly spec: unknown,
    private readonly act: (lives: Lives) => Promise<void>,
    private readonly possible: (lives: Lives) => boolean = () => true,
  ) {}
  check = () => true;
  async run(_: object, lives: Lives): Promise<void> {
    if (this.possible(lives)) await this.act(lives);
  }
  toString(): string {
    return `${this.name}(${JSON.stringify(this.spec)})`;
  }
}

const who: fc.Arbitrary<Who> = fc.constantFrom(0, 1);

/** A command to one of them. */
const one = <T extends unknown[]>(
  name: string,
  make: (...specs: T) => Deal,
  ...arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> }
): fc.Arbitrary<Command> =>
  fc
    .tuple(who, fc.tuple<T>(...arbitraries))
    .map(([who, specs]) => new Command(name, [who, ...specs], (lives) => deal([[lives[who], make(...specs)]])));

/** A deed. */
const doing = (given: Deed): Deal => ({
  keeps: readers.includes(given.name) ? "always" : "when it throws",
  live: ({ net, kind }) => act(net, kind, given),
  plain: ({ net }, { kind }) => act(net, kind, given),
});

/** Deeds one after the other, with no time between them; of the mirror each is the first. */
const hurrying = (deeds: readonly Deed[]): Deal => ({
  live: async ({ net, kind }) => {
    const told: string[] = [];
    for (const given of deeds) told.push(await outcome(() => act(net, kind, given)));
    return told;
  },
  plain: async (mirror, subject) => {
    const told: string[] = [];
    for (const given of deeds) {
      told.push(await outcome(() => act(mirror.net, subject.kind, given)));
      const next = await subject.mirror(mirror.net.save({ training: true }));
      mirror.net.dispose();
      mirror.net = next;
    }
    return told;
  },
});

async function fitting(net: Network, { data, options }: Fit, log: Log, change = {}): Promise<unknown> {
  try {
    return [await net.fit(data, { ...options, ...change }), log];
  } catch (error) {
    throw Object.assign(error as Error, { message: `${(error as Error).message}\n${log.join("\n")}` });
  }
}

/** A run. */
const running = (spec: FitSpec, deeds: readonly Deed[] = [], change: object = {}): Deal => ({
  fit: spec,
  live: async ({ net, kind }) => {
    const log: Log = [];
    const before = net.steps;
    const run = fitting(net, fitOf(kind, spec, log), log, change);
    if (deeds.length > 0) await disturb(net, kind, deeds, run);
    const result = await run;
    const [{ stopped }] = result as [{ readonly stopped: unknown }];
    const steps = spec.epochs * perEpoch(rowsOf(kind, dataOf(kind, spec.data)), spec.batchSize);
    if (stopped === false && !("resume" in change)) assert.equal(net.steps - before, steps);
    return result;
  },
  plain: ({ net }, { kind }) => {
    const log: Log = [];
    return fitting(net, fitOf(kind, spec, log, { chunkMilliseconds: 20 }), log, change);
  },
});

/** A stream that is evaluated while others act. */
const evaluating = (given: Deed, deeds: readonly Deed[]): Deal => ({
  keeps: "always",
  live: async ({ net, kind }) => {
    const result = act(net, kind, given) as Promise<unknown>;
    await disturb(net, kind, deeds, result);
    return result;
  },
  plain: ({ net }, { kind }) => act(net, kind, given),
});

/** Goes on with the last run, if it was interrupted, to more epochs or as many, or over other data, which is refused. */
const resuming = fc.tuple(who, fc.record({ more: fc.integer({ min: 0, max: 2 }), rows: fc.constantFrom(0, 0, 0, 1) })).map(
  ([who, spec]) =>
    new Command(
      "resume",
      [who, spec],
      ([...lives]) => {
        const subject = lives[who];
        const { data, epochs, ...rest } = subject.fitted!;
        const fit = { ...rest, epochs: epochs + spec.more, data: { ...data, rows: data.rows + spec.rows } };
        return deal([[subject, running(fit, [], { resume: true })]]);
      },
      (lives) => lives[who].fitted !== undefined,
    ),
);

/** The same network in other memory, with or without what belongs to training. */
const reloading = fc.tuple(who, fc.boolean()).map(
  ([who, training]) =>
    new Command("reload", [who, training], async (lives) => {
      const subject = lives[who];
      const loaded = await subject.load(subject.net.save({ training }));
      subject.net.dispose();
      subject.net = loaded;
      if (training) assert.ok(Buffer.compare(loaded.save({ training }), subject.saved) === 0, "what is loaded is saved as something else");
      else subject.fitted = undefined;
      subject.saved = loaded.save({ training: true });
    }),
);

const renewing = fc.tuple(who, networkSpec).map(
  ([who, spec]) =>
    new Command("renew", [who, spec], async (lives) => {
      lives[who].net.dispose();
      lives[who] = await Subject.create(spec as NetworkSpec);
    }),
);

const both = fc
  .tuple(fc.oneof(fitSpec(), deed), fc.oneof(fitSpec(), deed))
  .map(
    (specs) =>
      new Command("both", specs, (lives) =>
        deal(specs.map((spec, i) => [lives[i]!, "epochs" in spec ? running(spec) : doing(spec)] as const)),
      ),
  );

const streamed = deed.map((given): Deed => ({ ...given, name: "evaluate a stream" }));

const doings = one("do", doing, deed);
const runnings = one("fit", (spec: FitSpec) => running(spec), fitSpec());
export const commands: readonly fc.Arbitrary<Command>[] = [
  doings,
  doings,
  doings,
  runnings,
  runnings,
  one(
    "hurry",
    hurrying,
    fc.array(atOnce(["trainOnBatch", "trainOnBatch", "trainOnBatch", "setParameters", "predict"]), { minLength: 2, maxLength: 12 }),
  ),
  one("fit, beside others", (spec: FitSpec, deeds: Deed[]) => running(spec, deeds), fitSpec(), company),
  one("evaluate, beside others", evaluating, streamed, company),
  one("fit, interrupted", interrupted, fitSpec(true), fc.array(cut, { minLength: 1, maxLength: 3 })),
  resuming,
  reloading,
  renewing,
  both,
];

/** The property that lives have. */
export const lives = (maxCommands = 14) =>
  fc.asyncProperty(fc.tuple(networkSpec, networkSpec), fc.commands([...commands], { maxCommands, size: "max" }), async (specs, given) => {
    const real = (await Promise.all(specs.map((spec) => Subject.create(spec)))) as Lives;
    try {
      await fc.asyncModelRun(() => ({ model: {}, real }), given);
    } finally {
      for (const { net } of real) net.dispose();
    }
  });
