// What engines tell of collected objects. Cloudflare Workers have none of it before their compatibility date 2025-05-05: there nothing is heard of,
// and what is only weakly held is gone at once.

/** Whether a collected object is reported at all. */
export const isReported = typeof FinalizationRegistry === "function";

/** Calls `act` with what was registered for an object that has been collected. */
export function whenCollected<T>(act: (held: T) => void): Pick<FinalizationRegistry<T>, "register" | "unregister"> {
  return isReported ? new FinalizationRegistry<T>(act) : { register() {}, unregister: () => false };
}

/** Keeps nothing alive. */
export function weakly<T extends object>(target: T): Pick<WeakRef<T>, "deref"> {
  return typeof WeakRef === "function" ? new WeakRef(target) : { deref: () => undefined };
}
