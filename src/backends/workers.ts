// Workers of Node and of browsers under one interface. Their code is a string, so that no bundler has to find a file, and what they say
// is in pool.ts.
import { BackendError } from "../errors.js";
import { collectEvery, firstByte, leastMemory } from "./arena.js";

/** What a worker is told: to enter a memory as one of its threads, and to take part in the runs that follow the `seen`-th. */
export interface Entry {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly seen: number;
}

/** What a worker says: it is in; it is out, and why if not in peace; as the first thread: what came of a run. */
export type Notice = { readonly entered: true } | { readonly left: string | null } | { readonly ran: number };

export interface Listener {
  heard(notice: Notice): void;
  /** The worker has ended, or never began. */
  lost(why: string): void;
}

export interface Thread {
  tell(entry: Entry): void;
  /** Whether the process must wait for what this worker says. */
  hold(awaited: boolean): void;
  end(): void;
}

/** A worker's code. `exports` goes with the call: a worker that has left holds no memory. But its engine would not let go of it before it
 *  collects, which an idle one never does, unless a large buffer is asked for. */
const code = `
const port = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort;
const tell = (notice) => (port ?? globalThis).postMessage(notice);
let left = 0;
const collect = () => {
  try {
    new ArrayBuffer(${collectEvery});
  } catch {}
};
const enter = ({ module, memory, thread, seen }) => {
  let exports;
  let why = null;
  try {
    const words = new Int32Array(memory.buffer, 0, ${firstByte >> 2});
    const wait = (address, expected, milliseconds) => Atomics.wait(words, address >>> 2, expected, milliseconds) !== "timed-out";
    const report = (ran) => tell({ ran });
    exports = new WebAssembly.Instance(module, { env: { memory, wait, report } }).exports;
    tell({ entered: true });
    exports.serve(thread, seen);
  } catch (error) {
    why = String(error);
    exports?.abort();
  }
  tell({ left: why });
  left += Math.max(memory.buffer.byteLength, ${leastMemory});
  if (left < ${collectEvery}) return;
  left = 0;
  setTimeout(collect);
};
if (port) port.on("message", enter);
else globalThis.onmessage = ({ data }) => enter(data);
`;

/** @throws {BackendError} there are no workers here */
export function startThread(listener: Listener): Thread {
  const node = nodeModule("node:worker_threads");
  try {
    return node ? startInNode(node, listener) : startInBrowser(listener);
  } catch (cause) {
    if (!node) forbidden = true;
    throw new BackendError(`threads: ${node ? refused : refusedByPage} (${cause})`, { cause });
  }
}

function startInNode({ Worker }: NodeModules["node:worker_threads"], listener: Listener): Thread {
  // Without the process's own flags: loaders and inspectors are not for this code.
  const worker = new Worker(code, { eval: true, name: "chainrule", execArgv: [], env: {} });
  worker.on("message", listener.heard);
  worker.on("error", (error) => listener.lost(String(error)));
  worker.on("exit", (exitCode) => listener.lost(`it ended with exit code ${exitCode}`));
  worker.unref();
  return {
    tell: (entry) => worker.postMessage(entry),
    hold: (awaited) => (awaited ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}

function startInBrowser(listener: Listener): Thread {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new globalThis.Worker(trusted(url), { name: "chainrule" });
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url);
    listener.heard(data);
  };
  worker.onerror = ({ message }) => {
    // So a policy shows that forbids the worker. It is the page's for as long as that lasts.
    if (!message) forbidden = true;
    listener.lost(message || refusedByPage);
  };
  return { tell: (entry) => worker.postMessage(entry), hold: () => {}, end: () => worker.terminate() };
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;

/** Where a page requires Trusted Types a worker's address must be one, and its own code is to be trusted. A policy's name may be taken once. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  try {
    policy ??= trustedTypes?.createPolicy("chainrule", { createScriptURL: (own) => own });
  } catch {
    // A page may list policies without requiring any: whether the address will do as it is, the worker's constructor says.
  }
  return policy?.createScriptURL(url) ?? url;
}

const refused = "workers are refused here";
const refusedByPage = `${refused}; a page's Content-Security-Policy must allow blob: in worker-src and, where its trusted-types lists policies, chainrule`;

interface NodeWorker {
  on(event: "message", listener: (notice: Notice) => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "exit", listener: (exitCode: number) => void): void;
  postMessage(entry: Entry): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface NodeModules {
  "node:worker_threads": { readonly Worker: new (code: string, options: object) => NodeWorker };
  "node:os": { availableParallelism(): number };
}

/** A module of Node, asked for at run time: nothing here imports one. Runtimes that are like Node may have the function and refuse it. */
function nodeModule<N extends keyof NodeModules>(name: N): NodeModules[N] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  try {
    return process?.getBuiltinModule?.(name) as NodeModules[N] | undefined;
  } catch {
    return undefined;
  }
}

let forbidden = false;

/** Why there can be no workers, as far as can be said without loading anything, for which Node takes 5 ms; starting one may still fail. */
export function whyNoWorkers(): string | undefined {
  if (forbidden) return refusedByPage;
  if (typeof globalThis.Worker === "function" || typeof globalThis.process?.getBuiltinModule === "function") return undefined;
  return "there are no workers here";
}

/** Threads this process can run at once. */
export function cores(): number {
  return nodeModule("node:os")?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}
