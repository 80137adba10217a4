// The verifier against random mutants of every plan of every case. `npm run mutate` tries every word and many more.
import { afterAll, expect, test } from "vitest";
import { cases, numbers } from "./cases.js";
import { composedCases } from "./composed.js";
import { kinds, Subject, Tally } from "./mutants.js";

/** Of each plan. */
const WORDS = 250;
const MOVES = 50;
const changed = new Tally();
const moved = new Tally();
const programs = new Tally();

test.each([...cases, ...composedCases])(
  "$name: every mutant is rejected or computes the same bits, and no program leaves its memory",
  async (given) => {
    const random = numbers(given.options.seed);
    const missed: string[] = [];
    for (const kind of kinds) {
      const subject = await Subject.create(given, kind);
      for (let i = 0; i < WORDS; ++i) missed.push(...changed.add(subject.judge(subject.mutateWord(random))));
      for (let i = 0; i < MOVES; ++i) missed.push(...moved.add(subject.judge(subject.moveTensor(random))));
      for (let i = 0; i < MOVES; ++i) missed.push(...programs.add(subject.judgeSafety(subject.mutateProgram(random))));
    }
    expect(missed).toEqual([]);
  },
);

afterAll(() => {
  console.log(
    `one word changed: ${changed}\none tensor moved: ${moved}\nanother program, which may compute anything within its memory: ${programs}`,
  );
});
