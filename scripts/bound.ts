// The loops that bind a kernel which passes over slabs: a plain copy of as much memory, and its square roots and divisions alone, in
// registers. Compiled beside those of scripts/limit.ts, timed by bench/bound.ts.

/** Per element. */
export interface Divisions {
  readonly roots: number;
  readonly divisions: number;
}

/** Independent results x = 1/sqrt(sqrt(x)) and their like, which end at 1: enough to hide how long one of them takes. */
export const CHAINS = 8;
export const COPY: Divisions = { roots: 0, divisions: 0 };
export const DIVISION: Divisions = { roots: 0, divisions: 1 };
export const ROOT: Divisions = { roots: 1, divisions: 1 };
export const ROOTS: Divisions = { roots: 2, divisions: 1 };

export const loopName = ({ roots, divisions }: Divisions) => `roots${roots}divisions${divisions}`;

function loopSource(of: Divisions): string {
  const each = (f: (i: number) => string) => Array.from({ length: CHAINS }, (_, i) => f(i)).join(" ");
  const rooted = (x: string, roots: number): string => (roots === 0 ? x : `f32x4.sqrt(${rooted(x, roots - 1)})`);
  const divided = (x: string, divisions: number): string => (divisions === 0 ? x : `f32x4.div(one, ${divided(x, divisions - 1)})`);
  return `
export function ${loopName(of)}(times: u32): void {
  const one = f32x4.splat(1);
  ${each((i) => `let x${i} = v128.load(${16 * i});`)}
  do {
    ${each((i) => `x${i} = ${divided(rooted(`x${i}`, of.roots), of.divisions)};`)}
  } while (--times);
  ${each((i) => `v128.store(${16 * i}, x${i});`)}
}
`;
}

const copySource = `
export function copyVectors(y: usize, x: usize, bytes: usize): void {
  const stop = x + bytes;
  do {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const c = v128.load(x, 32);
    const d = v128.load(x, 48);
    v128.store(y, a);
    v128.store(y, b, 16);
    v128.store(y, c, 32);
    v128.store(y, d, 48);
    x += 64;
    y += 64;
  } while (x < stop);
}
export function copyBulk(y: usize, x: usize, bytes: usize): void {
  memory.copy(y, x, bytes);
}
`;

export const boundSource = () => [copySource, ...[DIVISION, ROOT, ROOTS].map(loopSource)].join("");
