// Who is compared, in the order of the tables; ourselves first, since all ratios are to that line.
import { brain } from "./libraries/brain.js";
import { chainrule } from "./libraries/chainrule.js";
import { convnetjs, toygrad } from "./libraries/convnetjs.js";
import { handwritten } from "./libraries/handwritten.js";
import { jax } from "./libraries/jax.js";
import { mlfnn } from "./libraries/mlfnn.js";
import { synaptic } from "./libraries/synaptic.js";
import { tfjs } from "./libraries/tfjs.js";
import type { Peer } from "./peer.js";

export const OURS = "chainrule wasm";
/** The same bits by V8's 256-bit operations, where the engine has them. */
export const WIDE = "chainrule wasm revectorized";
/** What a network without a seed does where the engine can, as jax-js does: fused products. */
const [RELAXED, RELAXED_WIDE] = ["chainrule relaxed", "chainrule relaxed revectorized"];
/** The lines that are to reach the bars. */
export const ours = [OURS, WIDE, RELAXED, RELAXED_WIDE];

export const peers: Readonly<Record<string, Peer>> = {
  [OURS]: chainrule({ backend: "wasm" }),
  [WIDE]: chainrule({ backend: "wasm", revectorized: true }),
  [RELAXED]: chainrule({ backend: "wasm", arithmetic: "relaxed" }),
  [RELAXED_WIDE]: chainrule({ backend: "wasm", arithmetic: "relaxed", revectorized: true }),
  "chainrule js": chainrule({ backend: "js" }),
  "chainrule js relaxed": chainrule({ backend: "js", arithmetic: "relaxed" }),
  "by hand": handwritten,
  "jax-js": jax,
  "tfjs wasm": tfjs("wasm"),
  "tfjs cpu": tfjs("cpu"),
  synaptic,
  "brain.js 1": brain("brain.js"),
  "brain.js 2": brain("brain.js-2"),
  convnetjs,
  toygrad,
  "ml-fnn": mlfnn,
};
