import { cachedDataVersionTag, setFlagsFromString } from "node:v8";
import { isRevectorized, lacksRevectorizer, setRevectorized } from "../backends/revectorizer.js";
import { isAnyCompiled } from "../backends/wasm.js";
import { BackendError } from "../errors.js";

/** Lets V8 make 256-bit operations of pairs of 128-bit ones, in this process and from now on: up to twice the speed of large networks on
 *  CPUs with AVX2. It is V8's experimental flag `--experimental-wasm-revectorize`, so nothing switches it on by itself, and it holds for
 *  all WebAssembly that the process compiles later, not only chainrule's. Strict arithmetic stays the same bits. `net.backend.revectorized`
 *  says that it is on; `features().revectorize` whether it can be. May be called again.
 *  @example
 *  import { network } from "chainrule";
 *  import { revectorize } from "chainrule/node";
 *  revectorize(); // before the first network
 *  @throws {BackendError} if this Node or CPU has no revectorizer, or if a network was made before */
export function revectorize(): void {
  if (isRevectorized()) return;
  const why = lacksRevectorizer();
  if (why) throw new BackendError(`revectorize: ${why}`);
  if (isAnyCompiled())
    throw new BackendError(
      "revectorize: a network was made before, so its WebAssembly is compiled; call it before the first network() or loadNetwork()",
    );
  // V8 tells whether it knows a flag only on stderr, but this tag is a function of all flags. Off first: it may be on from the command line.
  setFlagsFromString("--no-experimental-wasm-revectorize");
  const off = cachedDataVersionTag();
  setFlagsFromString("--experimental-wasm-revectorize");
  if (cachedDataVersionTag() === off)
    throw new BackendError(`revectorize: V8 ${process.versions.v8} does not know --experimental-wasm-revectorize`);
  setRevectorized();
}
