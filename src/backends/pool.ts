// The workers of this process: started when a network first needs them, shared by all networks, in one network's memory at a time. Within a
// session runs start and stop through shared memory (assembly/spmd.ts); messages open it and say how it ended.
import { Control, Ended, Presence } from "../../assembly/opcodes.js";
import { BackendError } from "../errors.js";
import { macrotask } from "../macrotask.js";
import { firstByte } from "./arena.js";
import { cores, type Notice, startThread, type Thread } from "./workers.js";

/** A memory that threads share, and the module they run on it. */
export interface Shared {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
}

/** The arguments of `run` (assembly/index.ts). */
export interface SharedRun {
  readonly region: number;
  readonly plan: number;
  readonly table: number;
  readonly stride: number;
  readonly steps: number;
  /** Bytes of working memory for each thread. */
  readonly scratch: number;
  /** Threads that share the plan's work, the first ones of all. */
  readonly sharers: number;
}

/** Looks before sleeping: some 50 us while every thread has a core, where a barrier costs 0.5 us awake and 4-11 us asleep; next to none where
 *  a thread that looks keeps from its core the one it looks for. Measured on two cores. */
const SPINS = 80_000;
const SPINS_OVERSUBSCRIBED = 50;
/** Milliseconds without a sign of the others after which a thread gives up its run. */
const PATIENCE = 1000;
/** And so many times that, doubled each time, at most: then even a living worker counts as lost. */
const MOST_PATIENCE = 32 * PATIENCE;

/** Whether this thread may sleep; a page's own may not. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** A worker, and the promises of what it is about to say. */
class Member {
  /** Why it is no more. */
  lost: string | undefined;
  /** Why it left the memory it was told to enter last, if not in peace. */
  failed: string | undefined;
  /** Resolves with why it left the memory it is in: null, in peace. */
  left: Promise<string | null> = Promise.resolve(null);
  private readonly thread: Thread;
  private onEntered: (() => void) | undefined;
  private onLeft: ((why: string | null) => void) | undefined;
  private onOut: (() => void) | undefined;
  onRan: ((steps: number) => void) | undefined;

  constructor(readonly number: number) {
    this.thread = startThread({ heard: (notice) => this.heard(notice), lost: (why) => this.leave(why, true) });
  }

  /** Resolves when it has entered. Rejects if it left instead. */
  async enter({ module, memory }: Shared, thread: number, seen: number): Promise<void> {
    this.failed = undefined;
    this.left = new Promise((resolve) => {
      this.onLeft = resolve;
    });
    const entered = new Promise<void>((resolve) => {
      this.onEntered = resolve;
    });
    if (this.lost === undefined) this.thread.tell({ module, memory, thread, seen });
    else this.leave(this.lost, true);
    const why = await this.held(Promise.race([entered, this.left]));
    if (typeof why === "string") throw new BackendError(`threads: ${why}`);
  }

  /** What to do when it leaves, in place of what was to be done before: a promise would keep what each of many runs waits for. */
  whenOut(act: () => void): void {
    if (this.onLeft) this.onOut = act;
    else act();
  }

  /** Resolves when what it has said of leaving has been heard. */
  async out(): Promise<void> {
    await this.held(this.left);
  }

  /** The process does not end before this. */
  private async held<T>(said: Promise<T>): Promise<T> {
    this.thread.hold(true);
    try {
      return await said;
    } finally {
      this.thread.hold(false);
    }
  }

  /** Resolves with why it left; after so many milliseconds it is ended. */
  async gone(milliseconds: number): Promise<string | null> {
    const timer = setTimeout(() => {
      this.leave(`it gave no sign for ${milliseconds / 1000} s`, true);
      this.thread.end();
    }, milliseconds);
    try {
      return await this.left;
    } finally {
      clearTimeout(timer);
    }
  }

  end(): void {
    this.lost ??= "it was ended";
    this.thread.end();
  }

  private heard(notice: Notice): void {
    if ("entered" in notice) this.onEntered?.();
    else if ("ran" in notice) this.onRan?.(notice.ran);
    else this.leave(notice.left, false);
  }

  private leave(why: string | null, lost: boolean): void {
    if (lost) this.lost ??= why ?? "it ended";
    this.failed ??= why === null ? undefined : `worker ${this.number}: ${why}`;
    this.onLeft?.(this.failed ?? null);
    this.onLeft = undefined;
    this.onOut?.();
    this.onOut = undefined;
  }
}

/** Workers in one memory. */
class Session {
  private readonly words: Int32Array;
  private readonly members: readonly Member[];
  /** This thread's own instance, if it takes part: as thread 0. */
  private readonly own: { work(thread: number): number } | undefined;

  /** In a memory where no thread is. */
  constructor(private readonly shared: Shared) {
    const { module, memory, threads } = shared;
    const words = new Int32Array(memory.buffer, 0, firstByte >> 2);
    words.fill(0, Control.Go >> 2);
    this.words = words;
    this.members = workers(mayWait() ? threads - 1 : threads);
    if (this.members.length === threads) return;
    const wait = (address: number, expected: number, milliseconds: number) =>
      Atomics.wait(words, address >>> 2, expected, milliseconds) !== "timed-out";
    this.own = new WebAssembly.Instance(module, { env: { memory, wait, report() {} } }).exports as { work(thread: number): number };
  }

  isIn(memory: WebAssembly.Memory): boolean {
    return this.shared.memory === memory;
  }

  /** Whether a run can be its next. */
  suits({ module, memory, threads }: Shared): boolean {
    const { shared, members } = this;
    return shared.module === module && shared.memory === memory && shared.threads === threads && members.every((m) => m.lost === undefined);
  }

  /** From now on every worker is in the memory and will take part in the next run. */
  async claim(): Promise<void> {
    await Promise.all(this.members.map((member, i) => this.claimMember(member, this.shared.threads - this.members.length + i)));
  }

  private async claimMember(member: Member, thread: number): Promise<void> {
    const at = presenceOf(thread);
    for (;;) {
      const presence = Atomics.compareExchange(this.words, at, Presence.Waiting, Presence.Claimed);
      if (presence === Presence.Waiting) return;
      if (presence === Presence.Away) break;
      if (member.failed !== undefined) throw new BackendError(`threads: ${member.failed}`);
      // On its way back from the last run, or it failed when that was done, and is about to say so.
      await macrotask();
    }
    await member.out();
    Atomics.store(this.words, at, Presence.Claimed);
    await member.enter(this.shared, thread, Atomics.load(this.words, Control.Go >> 2));
  }

  /** Takes the claim back: workers may leave. */
  unclaim(): void {
    for (let i = 1; i <= this.members.length; ++i) Atomics.store(this.words, presenceOf(this.shared.threads - i), Presence.Waiting);
  }

  /** All are claimed. @returns the number of good steps, or `Ended.Aborted` */
  run({ region, plan, table, stride, steps, scratch, sharers }: SharedRun, patience: number): number | Promise<number> {
    const { words, members, own } = this;
    const given: readonly (readonly [Control, number])[] = [
      [Control.Region, region],
      [Control.Plan, plan],
      [Control.Table, table],
      [Control.Stride, stride],
      [Control.Steps, steps],
      [Control.Threads, sharers],
      [Control.Scratch, scratch],
      [Control.Spins, sharers <= cores() ? SPINS : SPINS_OVERSUBSCRIBED],
      [Control.Patience, patience],
    ];
    for (const [address, value] of given) words[address >> 2] = value;
    if (own) {
      this.go();
      return own.work(0);
    }
    return new Promise((resolve) => {
      members[0]!.onRan = resolve;
      // One without a share may be out before the others are done.
      for (const member of members.slice(0, sharers)) member.whenOut(() => resolve(Ended.Aborted));
      this.go();
    });
  }

  /** Makes all leave, also in the middle of a run. @returns why some left, but for those who left in peace */
  async end(milliseconds: number): Promise<string[]> {
    Atomics.store(this.words, Control.Abort >> 2, 1);
    Atomics.add(this.words, Control.Passed >> 2, 1);
    Atomics.notify(this.words, Control.Passed >> 2);
    this.words[Control.Closed >> 2] = 1;
    this.go();
    const reasons = await Promise.all(this.members.map((member) => member.gone(milliseconds)));
    return reasons.filter((why) => why !== null);
  }

  private go(): void {
    Atomics.add(this.words, Control.Go >> 2, 1);
    Atomics.notify(this.words, Control.Go >> 2);
  }
}

function presenceOf(thread: number): number {
  return (Control.Presence + thread * Control.PresenceBytes) >> 2;
}

let pool: Member[] = [];
let started = 0;
let session: Session | undefined;
/** What was not enough is doubled. */
const patience = new WeakMap<WebAssembly.Memory, number>();
/** One run after another, of whichever networks. */
let queue: Promise<unknown> = Promise.resolve();

function inTurn<T>(body: () => Promise<T>): Promise<T> {
  const turn = queue.then(body);
  queue = turn.catch(() => {});
  return turn;
}

/** So many living workers. */
function workers(count: number): Member[] {
  pool = pool.filter(({ lost }) => lost === undefined);
  while (pool.length < count) pool.push(new Member(++started));
  return pool.slice(0, count);
}

async function open(shared: Shared): Promise<Session> {
  if (!session?.suits(shared)) {
    await close();
    session = new Session(shared);
  }
  await session.claim();
  return session;
}

async function close(): Promise<string[]> {
  const ended = session;
  session = undefined;
  return ended ? ended.end(MOST_PATIENCE) : [];
}

/** Starts workers, as many as are wanting, and shows that they live.
 *  @throws {BackendError} they are refused */
export function startWorkers(shared: Shared): Promise<void> {
  return inTurn(async () => {
    try {
      (await open(shared)).unclaim();
    } catch (error) {
      await close();
      throw error;
    }
  });
}

/** Runs a plan on several threads, this one among them unless it may not sleep: then they all are workers.
 *  @returns the number of good steps; undefined: threads waited for one another in vain, though none failed, as on a machine that is overrun;
 *    what the run wrote is unfinished, and it may be tried again, with more patience
 *  @throws {BackendError} a thread failed or ended */
export function runTogether(shared: Shared, run: SharedRun): Promise<number | undefined> {
  return inTurn(async () => {
    const bears = patience.get(shared.memory) ?? PATIENCE;
    let cause: unknown;
    try {
      const done = await (await open(shared)).run(run, bears);
      if (done !== Ended.Aborted) return done;
    } catch (error) {
      cause = error;
    }
    const reasons = await close();
    if (cause instanceof BackendError && reasons.length === 0) throw cause;
    if (cause !== undefined && !(cause instanceof BackendError)) reasons.unshift(`the calling thread: ${cause}`);
    if (reasons.length > 0) throw new BackendError(`threads: a run was lost: ${reasons.join("; ")}`, { cause });
    if (bears >= MOST_PATIENCE) throw new BackendError(`threads: a run was lost: no thread got on for ${bears / 1000} s`);
    patience.set(shared.memory, 2 * bears);
    return undefined;
  });
}

/** No run follows at once: workers let go of the memory. */
export function leaveMemory(memory: WebAssembly.Memory): Promise<unknown> {
  return inTurn(async () => session?.isIn(memory) && close());
}

/** Ends all worker threads that training has started, when the run they are in is done. They end with the process anyway, and keep no
 *  script from ending; the next `fit` that needs some starts new ones. */
export function disposeThreads(): Promise<void> {
  return inTurn(async () => {
    await close();
    for (const member of pool) member.end();
    pool = [];
  });
}
