// What a classifier of digits did, as text for an 80-column terminal.
import { CLASSES, type Digits, SIDE } from "./digits.js";

export const whole = (value: number) => Math.round(value).toLocaleString("en");
export const percent = (part: number) => `${(part * 100).toFixed(2)} %`;

/** What the network says of one image. */
export interface Answer {
  readonly digit: number;
  /** Softmax of the logits at `digit`. */
  readonly probability: number;
}

/** @param logits `[n, 10]` */
export function answersOf(logits: Float32Array): Answer[] {
  return Array.from({ length: logits.length / CLASSES }, (_, i) => {
    const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES);
    const most = Math.max(...row);
    const sum = row.reduce((total, logit) => total + Math.exp(logit - most), 0);
    return { digit: row.indexOf(most), probability: 1 / sum };
  });
}

/** @param counts `[is][said]`, see `confusionMatrix` */
export function confusion(counts: readonly (readonly number[])[]): string {
  const line = (head: string, cells: readonly unknown[], tail: string) =>
    `${head.padEnd(7)}${cells.map((cell) => `${cell}`.padStart(6)).join("")}${tail.padStart(11)}`;
  return [
    line("  said", [...counts.keys()], "found"),
    ...counts.map((row, digit) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      const cells = row.map((count) => count || "·");
      return line(`  is ${digit}`, cells, total > 0 ? percent(row[digit]! / total) : "-");
    }),
  ].join("\n");
}

const FRAMES = 3;
/** Columns of a picture: MNIST's ink fills at most 20 of the 28. */
const WIDTH = 24;

/** The mistakes the network was surest of, drawn with two pixels a character. */
export function mistakes(answers: readonly Answer[], { images, labels }: Digits): string {
  const wrong = answers
    .map((answer, index) => ({ ...answer, index, label: labels[index]! }))
    .filter(({ digit, label }) => digit !== label)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, FRAMES);
  const frames = wrong.map(({ index, label, digit, probability }) => [
    `${label}, said ${digit} (${percent(probability)})`,
    ...picture(images.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE)),
  ]);
  const height = Math.max(0, ...frames.map((frame) => frame.length));
  const lines = Array.from({ length: height }, (_, line) =>
    `  ${frames.map((frame) => (frame[line] ?? "").padEnd(WIDTH)).join("  ")}`.trimEnd(),
  );
  return lines
    .join("\n")
    .replace(/\n+$/, "")
    .replace(/\n{2,}/, "\n\n");
}

function picture(image: Float32Array): string[] {
  const inked = (row: number, column: number) => (image[row * SIDE + column] ?? 0) > 0.4;
  const margin = (SIDE - WIDTH) / 2;
  return Array.from({ length: WIDTH / 2 }, (_, y) =>
    Array.from({ length: WIDTH }, (_, x) => {
      const [row, column] = [margin + 2 * y, margin + x];
      return " ▀▄█"[(inked(row, column) ? 1 : 0) + (inked(row + 1, column) ? 2 : 0)];
    }).join(""),
  );
}
