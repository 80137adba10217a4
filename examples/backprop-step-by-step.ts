// Backpropagation with every number of one step, on the textbook's example: two inputs, two hidden units and one output learn "one or the
// other, but not both". Then the same step 10,000 times. Run it with: npx tsx examples/backprop-step-by-step.ts
import { dense, meanSquaredError, type NamedTensor, network, sgd } from "../src/index.js";

const RATE = 0.1;
const x = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;
const y = [0, 1, 1, 0];

const net = await network({
  input: 2,
  layers: [dense(2, { name: "hidden", activation: "sigmoid" }), dense(1, { name: "output", activation: "sigmoid" })],
  loss: meanSquaredError({ reduction: "sum", weight: 0.5 }),
  optimizer: sgd({ learningRate: RATE }),
  seed: 42,
});
// Nine numbers from [0, 1): numpy.random.RandomState(42).rand(9), as float32. The golden case textbook-xor begins with them too.
net.setParameters([
  { name: "hidden.weight", values: [0.3745401203632355, 0.9507142901420593, 0.7319939136505127, 0.5986585021018982] },
  { name: "output.weight", values: [0.15601864457130432, 0.15599452959133148] },
  { name: "hidden.bias", values: [0.058083612471818924, 0.8661761283874512] },
  { name: "output.bias", values: [0.6011149883270264] },
]);

/** A number as it is printed: six decimals, room for a sign. */
const n = (value: number) => value.toFixed(6).padStart(9);
const bare = (value: number) => n(value).trim();
const print = (text: string) => console.log(text);
const chapter = (title: string, text: string) => print(`\n${title}\n${"─".repeat(title.length)}\n${text}\n`);

/** One line for each sample, the columns named. */
function table(columns: Readonly<Record<string, (sample: number) => number>>): void {
  const names = Object.keys(columns);
  const width = (name: string) => Math.max(11, name.length + 3);
  print(`  x1 x2   y${names.map((name) => name.padStart(width(name))).join("")}`);
  x.forEach(([x1, x2], s) => {
    print(`   ${x1}  ${x2}   ${y[s]}${names.map((name) => n(columns[name]!(s)).padStart(width(name))).join("")}`);
  });
}

const parameters = () => Object.fromEntries(net.parameters().map((parameter) => [parameter.name, parameter]));
const at = ({ values, shape }: NamedTensor, row: number, column = 0) => values[row * shape.at(-1)! + column]!;
const before = parameters();
const [W1, b1, W2, b2] = [before["hidden.weight"]!, before["hidden.bias"]!, before["output.weight"]!, before["output.bias"]!];

// Everything the network computes in a step, read out of it. What is computed here on top of it is only shown, as one would by hand.
const { loss, layers } = net.trace(x, y);
const [hidden, output] = [layers[0]!, layers[1]!];
const [z1, a1, d1, dW1, db1] = [hidden.z!, hidden.a, hidden.delta!, hidden.gradients.weight!, hidden.gradients.bias!];
const [z2, a2, d2, dW2, db2] = [output.z!, output.a, output.delta!, output.gradients.weight!, output.gradients.bias!];
const error = (s: number) => at(a2, s) - y[s]!;
const slope = (a: number) => a * (1 - a);

print(`Backpropagation, one step with all its numbers

  x1 ───┬──▸ h1 ──┐         Every unit takes a weighted sum z of what comes in
        ╳         ├──▸ o    and a bias, and gives out a = f(z):
  x2 ───┴──▸ h2 ──┘           f(z)  = 1 / (1 + e^-z)    (the sigmoid)
      W1, b1    W2, b2        f'(z) = a · (1 - a)       (its slope)

  W1 = │ ${n(at(W1, 0, 0))} ${n(at(W1, 0, 1))} │ from x1 to h1, h2    W2 = │ ${n(at(W2, 0))} │ from h1
       │ ${n(at(W1, 1, 0))} ${n(at(W1, 1, 1))} │ from x2 to h1, h2         │ ${n(at(W2, 1))} │ from h2
  b1 =   ${n(at(b1, 0, 0))} ${n(at(b1, 0, 1))}                        b2 =   ${n(at(b2, 0))}`);

chapter("1. Forward, hidden layer", "  z1 = x · W1 + b1        a1 = f(z1)");
table({ "z h1": (s) => at(z1, s, 0), "z h2": (s) => at(z1, s, 1), "a h1": (s) => at(a1, s, 0), "a h2": (s) => at(a1, s, 1) });
print(`
  The second line, h1:  z = 0 · ${bare(at(W1, 0, 0))} + 1 · ${bare(at(W1, 1, 0))} + ${bare(at(b1, 0))} = ${bare(at(z1, 1, 0))}
                        a = 1 / (1 + e^-${bare(at(z1, 1, 0))}) = ${bare(at(a1, 1, 0))}`);

chapter("2. Forward, output", "  z2 = a1 · W2 + b2       a2 = f(z2), the prediction");
table({ "z o": (s) => at(z2, s), "a o": (s) => at(a2, s) });
print(`
  The second line:  z = ${bare(at(a1, 1, 0))} · ${bare(at(W2, 0))} + ${bare(at(a1, 1, 1))} · ${bare(at(W2, 1))} + ${bare(at(b2, 0))}
                      = ${bare(at(z2, 1))}`);

chapter("3. Loss: how wrong is it?", "  L = ½ · Σ (a2 - y)²     over the four samples");
table({ "a2 - y": error, "½ (a2 - y)²": (s) => error(s) ** 2 / 2 });
print(`\n  L = ${bare(loss)}`);

chapter("4. Backward, output: how does L change with z2?", `  Chain rule:  delta2 = dL/dz2 = dL/da2 · da2/dz2 = (a2 - y) · f'(z2)`);
table({ "a2 - y": error, "f'(z2)": (s) => slope(at(a2, s)), delta2: (s) => at(d2, s) });

chapter(
  "5. Gradients of W2 and b2",
  `  z2 = a1 · W2 + b2, so dz2/dW2 = a1 and dz2/db2 = 1. Each sample has its say:
  dL/dW2 = Σ a1 · delta2 = a1ᵀ · delta2        dL/db2 = Σ delta2`,
);
table({ "a h1 · delta2": (s) => at(a1, s, 0) * at(d2, s), "a h2 · delta2": (s) => at(a1, s, 1) * at(d2, s), delta2: (s) => at(d2, s) });
print(`       sum ${n(at(dW2, 0)).padStart(16)}${n(at(dW2, 1)).padStart(16)}${n(at(db2, 0)).padStart(11)}`);

chapter(
  "6. Backward, hidden layer: the error flows back through W2",
  `  z2 depends on a1 through W2, so dL/da1 = delta2 · W2ᵀ. Chain rule again:
  delta1 = dL/dz1 = dL/da1 · da1/dz1 = (delta2 · W2ᵀ) · f'(z1)`,
);
table({
  "dL/da h1": (s) => at(d2, s) * at(W2, 0),
  "f'(z h1)": (s) => slope(at(a1, s, 0)),
  "delta h1": (s) => at(d1, s, 0),
  "dL/da h2": (s) => at(d2, s) * at(W2, 1),
  "f'(z h2)": (s) => slope(at(a1, s, 1)),
  "delta h2": (s) => at(d1, s, 1),
});

chapter("7. Gradients of W1 and b1", "  As in 5, one layer further back:  dL/dW1 = xᵀ · delta1,  dL/db1 = Σ delta1");
print(`  dL/dW1 = │ ${n(at(dW1, 0, 0))} ${n(at(dW1, 0, 1))} │  x1: samples 1 0 and 1 1 have a say
           │ ${n(at(dW1, 1, 0))} ${n(at(dW1, 1, 1))} │  x2: samples 0 1 and 1 1
  dL/db1 =   ${n(at(db1, 0, 0))} ${n(at(db1, 0, 1))}    all four`);

/** The slope of L measured without any calculus: nudge one parameter up and down, and look. */
function measured(parameter: NamedTensor, index: number): number {
  const nudge = 2 ** -6; // in between: float32 rounds the losses' difference, and L is no straight line
  const lossAt = (change: number) => {
    net.setParameters([{ name: parameter.name, values: parameter.values.map((value, i) => (i === index ? value + change : value)) }]);
    return net.trace(x, y).loss;
  };
  const difference = lossAt(nudge) - lossAt(-nudge);
  net.setParameters([parameter]);
  return difference / (2 * nudge);
}

chapter(
  "8. Update: a small step downhill",
  `  w ← w - ${RATE} · dL/dw
  "measured" checks the calculus by experiment: L with w a little larger, minus
  L with w a little smaller, divided by the difference of the two w`,
);
const gradients: Readonly<Record<string, NamedTensor>> = {
  "hidden.weight": dW1,
  "hidden.bias": db1,
  "output.weight": dW2,
  "output.bias": db2,
};
const slopes = Object.values(before).map((parameter) => Array.from(parameter.values, (_, i) => measured(parameter, i)));
net.trainOnBatch(x, y);
const after = parameters();
print("                          w      dL/dw   measured      new w");
Object.values(before).forEach((parameter, p) => {
  parameter.values.forEach((value, i) => {
    const cells = [value, gradients[parameter.name]!.values[i]!, slopes[p]![i]!, after[parameter.name]!.values[i]!];
    print(`  ${`${parameter.name}[${i}]`.padEnd(16)}${cells.map((cell) => n(cell).padStart(11)).join("")}`);
  });
});

chapter("9. The same step, 10,000 times", "  The number of steps so far, and the loss before the next one");
const STEPS = 10_000;
// A batch of all samples: an epoch is one step.
const { epochs } = await net.fit({ inputs: x, targets: y }, { epochs: STEPS - 1, batchSize: x.length });
const losses = [loss, ...epochs.map((epoch) => epoch.loss)];
for (const step of [0, 1, 10, 100, 1000, 2000, 3000, 5000, STEPS - 1]) {
  print(`  ${`${step}`.padStart(6)}  ${n(losses[step]!)}  ${"▪".repeat(Math.round(losses[step]! * 80))}`);
}
const learnt = net.predict(x);
print(`\n  What it has learnt, after ${STEPS.toLocaleString("en")} steps:\n`);
table({ prediction: (s) => learnt[s]! });
