// Text for terminals of 80 columns.

/** Of a terminal, as people have it. */
export const WIDTH = 80;

/** Words in lines of at most so many columns, as full as can be; a longer word has a line of its own.
 *  @param first what the first line begins with @param indent columns before the words, and before every other line's */
export function wrapped(first: string, words: readonly string[], indent = 0): string {
  const lines = [first.padEnd(indent)];
  for (const word of words) {
    const line = lines.at(-1)!;
    const longer = `${line}${line === "" || line.endsWith(" ") ? "" : " "}${word}`;
    if (longer.length <= WIDTH || line.trim() === "") lines[lines.length - 1] = longer;
    else lines.push(`${" ".repeat(indent)}${word}`);
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** Items with a comma after each but the last. */
export function commas(items: readonly string[]): string[] {
  return items.map((item, i) => (i < items.length - 1 ? `${item},` : item));
}

/** So many digits, in at most six columns more: 0.012346, -1.2346e-5, 1.2346e+12. `toPrecision` would write up to six zeros before them. */
export function figure(value: number, digits: number): string {
  const size = Math.abs(value);
  return size > 0 && size < 1e-4 ? value.toExponential(digits - 1) : value.toPrecision(digits);
}

/** In at most so many columns; "…" stands for what is left out. */
export function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
