// A live last line for a terminal, and plain lines now and then for a pipe or a file.

/** What is used of `process.stdout`. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Ends the process when nobody reads the stream any more, as with `| head`: the reader has seen enough. For command lines. */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

const INTERVAL = { live: 100, plain: 2000 };
const ERASE = "\r\x1b[K";

/** @param part 0 to 1 */
function bar(part: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

export class LiveLine {
  /** Whether the last line can be written over. */
  readonly live: boolean;
  private shown = false;
  private due = 0;

  constructor(private readonly stream: Stream = process.stdout) {
    this.live = stream.isTTY === true && process.env.TERM !== "dumb";
  }

  /** Shows the progress if it is time for it. @param part 0 to 1, drawn as a bar in the room that the texts leave */
  update(part: number, before: string, after: string): void {
    const now = performance.now();
    if (now < this.due) return;
    this.due = now + (this.live ? INTERVAL.live : INTERVAL.plain);
    if (!this.live) {
      this.stream.write(`${before}  ${after}\n`);
      return;
    }
    // The last column stays free: some terminals wrap once it is filled.
    const columns = (this.stream.columns || 80) - 1;
    const room = Math.min(20, columns - before.length - after.length - 2);
    const text = room >= 5 ? `${before} ${bar(part, room)} ${after}` : `${before}  ${after}`;
    this.stream.write(ERASE + text.slice(0, columns));
    this.shown = true;
  }

  /** Prints text above the live line, which the next update draws again. */
  print(text = ""): void {
    this.clear();
    this.stream.write(`${text}\n`);
  }

  clear(): void {
    this.finish(ERASE);
  }

  /** What is printed next, by whomever, comes below what is shown. */
  leave(): void {
    this.finish("\n");
  }

  private finish(by: string): void {
    if (!this.shown) return;
    this.stream.write(by);
    this.shown = false;
    this.due = 0;
  }
}
