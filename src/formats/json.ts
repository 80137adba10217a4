// A reader for JSON whose structure is known beforehand. JSON.parse would build whatever a hostile text asks for, and keeps one of two
// equal names without a word; this one stops at the first character that does not belong.

/** Names of one object: more are no file's, and would take many times the text's own memory. */
const MOST_NAMES = 2 ** 20;

export class JsonReader {
  private at = 0;

  /** @param fail makes the error for what is wrong */
  constructor(
    private readonly text: string,
    private readonly fail: (what: string) => Error,
  ) {}

  /** `{ "name": value, … }`, each name once. @param member reads the value */
  object(who: string, member: (name: string) => void): void {
    const names = new Set<string>();
    this.list(who, "{", "}", () => {
      const name = this.string(`${who}: a name`);
      if (names.has(name)) throw this.fail(`${who} has ${show(name)} twice`);
      if (names.add(name).size > MOST_NAMES) throw this.fail(`${who} has more than ${MOST_NAMES} names`);
      this.expect(`${who}: ${show(name)}`, ":");
      member(name);
    });
  }

  /** `[value, …]`. @param element reads the value */
  array(who: string, element: () => void): void {
    this.list(who, "[", "]", element);
  }

  string(who: string): string {
    this.space();
    const { text } = this;
    const begin = this.at;
    if (text[begin] !== '"') throw this.wrong(who, "a string");
    let end = begin + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    try {
      const value: string = JSON.parse(text.slice(begin, end + 1));
      this.at = end + 1;
      return value;
    } catch {
      throw this.wrong(who, "a string");
    }
  }

  /** A whole number from 0 to 2^53 - 1, in digits alone. */
  count(who: string): number {
    this.space();
    const wanted = "a whole number from 0 to 2^53 - 1";
    let end = this.at;
    while (end - this.at < 17 && isDigit(this.text.charCodeAt(end))) end += 1;
    const digits = this.text.slice(this.at, end);
    const next = this.text[end];
    const value = Number(digits);
    if (digits === "" || (digits.length > 1 && digits[0] === "0") || !Number.isSafeInteger(value) || (next && /[\d.eE]/.test(next)))
      throw this.wrong(who, wanted);
    this.at = end;
    return value;
  }

  /** Nothing but white space may follow. */
  end(who: string): void {
    this.space();
    if (this.at < this.text.length) throw this.wrong(who, "its end");
  }

  private list(who: string, open: string, close: string, item: () => void): void {
    this.expect(who, open);
    this.space();
    if (this.text[this.at] === close) {
      this.at += 1;
      return;
    }
    for (;;) {
      item();
      this.space();
      const next = this.text[this.at];
      if (next !== "," && next !== close) throw this.wrong(who, `"," or "${close}"`);
      this.at += 1;
      if (next === close) return;
    }
  }

  private expect(who: string, character: string): void {
    this.space();
    if (this.text[this.at] !== character) throw this.wrong(who, `"${character}"`);
    this.at += 1;
  }

  private space(): void {
    while (isSpace(this.text.charCodeAt(this.at))) this.at += 1;
  }

  private wrong(who: string, wanted: string): Error {
    const found = this.text.slice(this.at, this.at + 24);
    return this.fail(`${who}: got ${found === "" ? "its end" : show(found)}, expected ${wanted}`);
  }
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
const isSpace = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** Names can be long. */
const show = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
