// Engines and their versions differ in the last bits of Math.pow, exp, sin and most others, and of ** with it: nothing may call them that could
// reach a network's memory. + - * / and those below are exact everywhere (ECMA-262, 21.3.2: the value that is, or IEEE 754's).
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const exact = ["abs", "ceil", "clz32", "floor", "fround", "imul", "max", "min", "round", "sign", "sqrt", "trunc", "LN2", "LOG2E", "PI"];

/** What is printed may differ in its last digit. */
const shown = /^src\/inspect\/(tensorText|health|historyText|profile)\.ts$/;

const files = ["src", "assembly"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`.replaceAll("\\", "/")),
);

const codeOf = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
const literal = /^\(?-?[\d._]+\)?$/;

test.each(files.filter((file) => !shown.test(file)))("%s calls no function that engines compute differently", (file) => {
  const code = codeOf(readFileSync(file, "utf8"));
  const called = [...code.matchAll(/\bMath\.(\w+)/g)].map(([, name]) => name!);
  expect(called.filter((name) => !exact.includes(name))).toEqual([]);
  const powers = [...code.matchAll(/([\w.)\]!]+) \*\*=? (\(?-?[\w.([]+\)?)/g)];
  expect(powers.filter(([, base, exponent]) => !literal.test(base!) || !literal.test(exponent!)).map(([text]) => text)).toEqual([]);
  // Written in another way it would pass.
  expect(powers.length).toBe(code.match(/\*\*/g)?.length ?? 0);
});
