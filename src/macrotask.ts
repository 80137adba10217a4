// Lets the event loop run: timers, input and output, rendering, finalizers of collected networks.

declare const setImmediate: ((callback: () => void) => unknown) | undefined;

/** Resolves in a later macrotask, without the delay that nested `setTimeout`s get in browsers. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    try {
      if (typeof setImmediate === "function") {
        setImmediate(resolve);
        return;
      }
    } catch {
      // Next.js's Edge runtime has it, and refuses.
    }
    // Cloudflare Workers before the compatibility date 2025-08-15.
    if (typeof MessageChannel !== "function") {
      setTimeout(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** True on a page's main thread, where a long call freezes what people see. */
export function onPageThread(): boolean {
  return typeof document !== "undefined" && typeof window !== "undefined";
}
