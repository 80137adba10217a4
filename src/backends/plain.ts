// Where the JavaScript backend is: a module of its own, so that whoever has WebAssembly never reads its kernels.
// The one file for pages has plainInline.ts instead, for a page that refuses WebAssembly may refuse more files as well.
import { loadPart } from "./part.js";

/** @throws {BackendError} its module is not where the library is */
export async function loadPlain(): Promise<typeof import("./js.js")> {
  return loadPart("js: the backend", () => import("./js.js"));
}
