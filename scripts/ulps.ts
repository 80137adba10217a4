// npm run ulps -- [name …]: the largest error of each function of vmath over every float32 there is, minutes each; test/vmath.test.ts takes
// samples. Exits 1 where one is beyond what test/ulps.ts claims.
import { type Claim, claims, names, worstErrors } from "../test/ulps.js";

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

function everyFloat(visit: (x: number) => void): void {
  for (let bits = 0; bits < 2 ** 32; ++bits) {
    u32[0] = bits;
    if (!Number.isNaN(f32[0]!)) visit(f32[0]!);
  }
}

const wanted = process.argv.slice(2);
for (const name of names.filter((one) => wanted.length === 0 || wanted.includes(one))) {
  const { ulp, ulpNear0 = ulp } = claims[name] as Claim;
  const [worst, near0] = worstErrors(name, everyFloat);
  const kept = worst <= ulp && near0 <= ulpNear0;
  console.log(
    `${name.padEnd(12)} ${worst.toFixed(3)} ulp, ${near0.toFixed(3)} in [-1, 1]; claimed ${ulp} and ${ulpNear0}${kept ? "" : "  BEYOND"}`,
  );
  if (!kept) process.exitCode = 1;
}
