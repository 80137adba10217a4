// Many threads on one plan: each runs all of it, of every op its own share, and at every Barrier waits for the others. Who starts, feeds
// and ends threads is elsewhere (src/backends/pool.ts); what they tell one another is at the addresses in `Control`.
import { dispatchShare } from "../build/wasm/shares";
import { Control, Ended, ExtentWord, Op, Presence, Share, Step } from "./opcodes";

export { dispatchShare };

/** Atomics.wait, from JavaScript: the instruction itself never wakes in what V8 11.3 (Node 20) compiles first. False: the time is up. */
// @ts-ignore: decorator
@external("env", "wait")
declare function wait(address: usize, expected: u32, milliseconds: u32): bool;

/** Tells the thread that started the run what came of it, where that is not the caller. */
// @ts-ignore: decorator
@external("env", "report")
declare function report(steps: i32): void;

/** Milliseconds after which a worker without a run goes back to its event loop. */
const IDLE: u32 = 100;

/** How many times as long threads look at a run's first barrier. A woken thread may be put on the core of the one that woke it, though another
 *  is idle, and threads that take turns there to work and to sleep are not parted for seconds; two that are busy for some milliseconds are. */
const FIRST: u32 = 100;

/** Where a thread's share of an extent begins; it ends where the next thread's begins. Shares are whole multiples of `granule`, or, of an
 *  extent that counts by the batch's rows, of so many rows, and differ by one such multiple at most. */
export function shareBegin(word: u32, rows: u32, granule: u32, thread: u32, threads: u32): u32 {
  const each = word & ExtentWord.Count;
  const perRow = word >> ExtentWord.PerRowBit;
  const total = perRow ? rows : each;
  const unit: u32 = perRow ? Share.Rows : granule;
  const units = <u64>((total + unit - 1) / unit);
  const begin = <u32>((units * thread + threads - 1) / threads) * unit;
  return min(begin, total) * (perRow ? each : 1);
}

/** Waits until all threads are here. False: the run was aborted, perhaps for want of a sign of the others. */
function meet(threads: u32, looks: u32): bool {
  const passed = atomic.load<u32>(Control.Passed);
  if (atomic.load<u32>(Control.Abort)) return false;
  if (atomic.add<u32>(Control.Arrived, 1) + 1 == threads) {
    atomic.store<u32>(Control.Arrived, 0);
    atomic.store<u32>(Control.Passed, passed + 1);
    if (atomic.load<u32>(Control.Sleeping)) atomic.notify(Control.Passed);
    return true;
  }
  for (; looks; --looks) {
    if (atomic.load<u32>(Control.Passed) != passed) return !atomic.load<u32>(Control.Abort);
  }
  atomic.add<u32>(Control.Sleeping, 1);
  wait(Control.Passed, passed, load<u32>(Control.Patience));
  atomic.sub<u32>(Control.Sleeping, 1);
  if (atomic.load<u32>(Control.Passed) == passed) abort();
  return !atomic.load<u32>(Control.Abort);
}

/** Makes all threads leave the run. */
export function abort(): void {
  atomic.store<u32>(Control.Abort, 1);
  atomic.add<u32>(Control.Passed, 1);
  atomic.notify(Control.Passed);
}

/** Runs this thread's share. The number of good steps, which is the same for all, or `Ended.Aborted`; then nobody is at work any more. */
export function work(thread: u32): i32 {
  const region = <usize>load<u32>(Control.Region);
  const plan = region + load<u32>(Control.Plan);
  const stride = load<u32>(Control.Stride);
  const steps = load<u32>(Control.Steps);
  const threads = load<u32>(Control.Threads);
  const scratch = <usize>load<u32>(Control.Scratch) * thread;
  let step = region + load<u32>(Control.Table);
  const spins = load<u32>(Control.Spins);
  let looks = spins * FIRST;
  let done: u32 = 0;
  // A plan ends with a barrier, so here every thread sees the same status.
  for (; done < steps; ++done) {
    const rows = load<u32>(step, Step.Rows);
    for (let pc = plan; load<u32>(pc) != Op.End; pc += <usize>load<u32>(pc, 4) << 2) {
      if (load<u32>(pc) != Op.Barrier) dispatchShare(pc, region, step, rows, thread, threads, scratch);
      else {
        if (!meet(threads, looks)) return Ended.Aborted;
        looks = spins;
      }
    }
    if (atomic.load<u32>(step + Step.Status)) break;
    step += stride;
  }
  return meet(threads, spins) ? done : Ended.Aborted;
}

/** A worker's session: takes part in runs, the one after the `seen`-th and so on, until the session closes, a run is aborted, or none
 *  comes for a while. */
export function serve(thread: u32, seen: u32): void {
  const presence = <usize>Control.Presence + thread * Control.PresenceBytes;
  let done: i32 = 0;
  while (done != Ended.Aborted) {
    while (atomic.load<u32>(Control.Go) == seen) {
      if (wait(Control.Go, seen, IDLE)) continue;
      if (atomic.cmpxchg<u32>(presence, Presence.Waiting, Presence.Away) == Presence.Waiting) return;
    }
    ++seen;
    if (load<u32>(Control.Closed)) break;
    // Others share the work of a small plan among them.
    if (thread < load<u32>(Control.Threads)) done = work(thread);
    atomic.store<u32>(presence, Presence.Waiting);
    if (!thread) report(done);
  }
  atomic.store<u32>(presence, Presence.Away);
}
