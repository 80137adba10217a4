// Reports of what is not finite. Each bit says the same whoever sets it, so the order is of no matter.

/** Sets bits of `Status` in the u32 at `status`. Threads may do so at once. */
export function raise(status: usize, bits: u32): void {
  if (ASC_FEATURE_THREADS) atomic.or<u32>(status, bits);
  else store<u32>(status, load<u32>(status) | bits);
}
