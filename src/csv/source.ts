// Where CSV comes from piece by piece, as text.
import { isBytes, shown } from "../checks.js";
import { FormatError, OptionError } from "../errors.js";

/** What is read piece by piece: a file of an `<input type="file">` or any other Blob, a file's or a response's stream, or pieces of text or UTF-8
 *  from anywhere. */
export type CsvSource =
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>
  | ReadableStream<string | Uint8Array>
  | { stream(): ReadableStream<Uint8Array> };

/** The source's pieces as text; a character may be cut between two. A source that is left early is closed. */
export async function* textOf(source: CsvSource): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (piece?: Uint8Array) => {
    try {
      return piece ? decoder.decode(piece, { stream: true }) : decoder.decode();
    } catch (cause) {
      throw new FormatError("csv: is not UTF-8", { cause });
    }
  };
  for await (const piece of pieces(source)) {
    if (typeof piece !== "string" && !isBytes(piece))
      throw new OptionError(`csv: a piece is ${shown(piece)}, expected text or a Uint8Array`);
    yield typeof piece === "string" ? piece : decode(piece);
  }
  yield decode();
}

function isBlob(source: CsvSource): source is { stream(): ReadableStream<Uint8Array> } {
  return typeof (source as { readonly stream?: unknown } | null | undefined)?.stream === "function";
}

/** Not every browser can iterate a ReadableStream. */
async function* pieces(from: CsvSource): AsyncGenerator<string | Uint8Array> {
  const source = isBlob(from) ? from.stream() : from;
  const given = source as Partial<
    AsyncIterable<string | Uint8Array> & Iterable<string | Uint8Array> & ReadableStream<string | Uint8Array>
  > | null;
  if (typeof source === "string" || !given || !(given[Symbol.asyncIterator] || given[Symbol.iterator] || given.getReader))
    throw new OptionError(
      `csv: got ${shown(source)}, expected a stream or an iterable of text or bytes; parseCsv takes text, createReadStream(path) of node:fs makes a stream of a file, and a response's body is one`,
    );
  if (given[Symbol.asyncIterator] || given[Symbol.iterator]) {
    yield* source as AsyncIterable<string | Uint8Array>;
    return;
  }
  const reader = (source as ReadableStream<string | Uint8Array>).getReader();
  let isDone = false;
  try {
    for (;;) {
      const next = await reader.read();
      isDone = next.done;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    if (!isDone) await reader.cancel();
    reader.releaseLock();
  }
}
