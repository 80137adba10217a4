// What is measured now, on a terminal: a last line below the lines that are known, which appear one by one. Elsewhere only these.
import { LiveLine, type Stream } from "../src/node/terminal.js";

export class Progress {
  private readonly line: LiveLine;
  private done = 0;

  /** @param total lines that there will be, 0: none that are counted @param stream that of errors, so that a page which goes into a file has none of it */
  constructor(
    private readonly total: number,
    stream: Stream = process.stderr,
  ) {
    this.line = new LiveLine(stream);
  }

  at(what: string): void {
    if (this.line.live) this.line.update(this.done / (this.total || 1), `${this.done}/${this.total}`, what);
  }

  /** Prints on the page. @param done whether that is one of the lines that there will be */
  print(text: string, done = false): void {
    this.line.clear();
    console.log(text);
    if (done) this.done += 1;
  }
}
