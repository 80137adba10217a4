// What `npm run engines` asks of an engine.

export interface Row {
  readonly backend: "wasm" | "js";
  readonly arithmetic: "strict" | "relaxed";
  readonly threads: number;
  readonly revectorized: boolean;
}

/** As `net.backend` says it, but for the reason. */
interface Ran {
  readonly name: string;
  readonly build: string;
  readonly tile?: string;
  readonly threads: number;
  readonly revectorized: boolean;
  readonly arithmetic: string;
}

/** What really ran, and the weights' hash; or what was thrown. */
export type Outcome = { readonly ran: Ran; readonly hash: string } | { readonly error: string };

export interface Engine {
  readonly name: "Node" | "Bun" | "Deno" | "Chromium" | "Firefox" | "WebKit";
  readonly version: string;
  /** Node's major version; 26 for others, which have all that it has. */
  readonly major: number;
  /** Its WebAssembly's relaxed product and sum are two operations. */
  readonly fusesNothing?: boolean;
  train(row: Row): Promise<Outcome>;
  close(): Promise<void>;
}
