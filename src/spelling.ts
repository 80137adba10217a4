// Which of the names that are known somebody may have meant by another one.

/** "one of: …", as messages say what was wanted, and what may have been meant. */
export function oneOf(known: readonly string[], given: unknown): string {
  return `one of: ${known.join(", ")}${suggestion(known, given)}`;
}

/** `; did you mean "relu"?`, or nothing: for what may be a misspelling or an abbreviation of a known name. */
export function suggestion(known: readonly string[], given: unknown): string {
  const meant = typeof given === "string" ? meantBy(given, known) : undefined;
  return meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`;
}

/** Of names that are compared: the distance of two takes as many steps as the product of their lengths. */
const MOST_LETTERS = 64;

const comparable = (name: string) => name !== "" && name.length <= MOST_LETTERS;

function meantBy(given: string, known: readonly string[]): string | undefined {
  const own = letters(given);
  if (!comparable(own)) return undefined;
  const candidates = known.flatMap((name) => {
    const other = letters(name);
    if (!comparable(other)) return [];
    const apart = distance(own, other);
    // An abbreviation is one on purpose: "lrelu" is leakyRelu rather than relu.
    if (apart === 0 || abbreviates(own, other)) return { name, order: apart };
    return apart < own.length / 3 || abbreviates(other, own) ? { name, order: MOST_LETTERS + apart } : [];
  });
  return candidates.sort((a, b) => a.order - b.order)[0]?.name;
}

/** Of "leaky_relu" and "leakyRelu" the same. */
const letters = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");

/** "lr" does learningRate, "acc" accuracy: it begins as the name does and has letters of it in their order. */
function abbreviates(short: string, name: string): boolean {
  if (short.length < 2 || short[0] !== name[0]) return false;
  let at = 0;
  for (const letter of name) if (letter === short[at]) at += 1;
  return at === short.length;
}

/** Letters to insert, to leave out, to replace, and neighbours to exchange, to make one of the other (optimal string alignment). */
function distance(a: string, b: string): number {
  const width = b.length + 1;
  const table = Array.from({ length: (a.length + 1) * width }, (_, at) => (at < width ? at : at % width ? 0 : at / width));
  for (let i = 1; i <= a.length; ++i)
    for (let j = 1; j <= b.length; ++j) {
      const at = i * width + j;
      const same = a[i - 1] === b[j - 1];
      table[at] = Math.min(table[at - width]! + 1, table[at - 1]! + 1, table[at - width - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        table[at] = Math.min(table[at]!, table[at - 2 * width - 2]! + 1);
    }
  return table[a.length * width + b.length]!;
}
