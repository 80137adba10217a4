// The long sweep of test/mutation.test.ts: every word of every plan of every case, and thousands of moved tensors. Exit 1 if the verifier
// accepts a mutant that computes something else. `npm run mutate -- [TEXT]`: cases whose name contains TEXT.
import { cases, numbers } from "../test/cases.js";
import { kinds, Subject, Tally } from "../test/mutants.js";

/** Of each plan. */
const MOVES = 5000;
const text = process.argv[2] ?? "";

const changed = new Tally();
const moved = new Tally();
const programs = new Tally();
let missed = 0;

for (const given of cases.filter(({ name }) => name.includes(text))) {
  const random = numbers(given.options.seed);
  const found: string[] = [];
  for (const kind of kinds) {
    const subject = await Subject.create(given, kind);
    for (const mutant of subject.everyWord()) found.push(...changed.add(subject.judge(mutant)));
    for (let i = 0; i < MOVES; ++i) found.push(...moved.add(subject.judge(subject.moveTensor(random))));
    for (let i = 0; i < MOVES; ++i) found.push(...programs.add(subject.judgeSafety(subject.mutateProgram(random))));
  }
  console.log([`${given.name}: ${found.length} missed`, ...found.slice(0, 10)].join("\n  "));
  missed += found.length;
}
console.log(
  `one word changed: ${changed}\none tensor moved: ${moved}\nanother program, which may compute anything within its memory: ${programs}`,
);
process.exitCode = missed > 0 ? 1 : 0;
