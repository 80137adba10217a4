// A network as a table: of at most 80 columns, but for long names.
import type { Model } from "./model.js";
import { product } from "./plan/tensor.js";
import { commas, wrapped } from "./wrap.js";

export function summarize(model: Model): string {
  const { definition, region } = model;
  const count = (chosen: typeof model.parameters) => chosen.reduce((sum, { tensor }) => sum + product(tensor.shape), 0);
  const countOf = (name: string) => count(model.parameters.filter(({ outermost }) => outermost === name));
  const shown = (shape: readonly number[]) => `[batch, ${shape.join(", ")}]`;
  const lines = [
    ["layer", "output", "parameters"],
    ...definition.graph.inputs.map(({ name, shape }) => [name, shown(shape), ""]),
    // A shared layer has a line for each use, and its parameters once: the column adds up to all of them.
    ...model.outputs.map(({ name, shape }, i, all) => [
      name,
      shown(shape),
      all.findIndex((other) => other.name === name) < i ? "shared" : `${countOf(name)}`,
    ]),
  ] as const;
  const widths = [0, 1, 2].map((i) => Math.max(...lines.map((cells) => cells[i]!.length)));
  const table = lines.map(([name, shape, count]) =>
    `${name!.padEnd(widths[0]!)}  ${shape!.padEnd(widths[1]!)}  ${count!.padStart(widths[2]!)}`.trimEnd(),
  );
  const [first, ...others] = definition.objectives.map(({ loss }) => loss.type);
  const facts = [
    `${count(model.parameters)} parameters`,
    `${others.length === 0 ? "loss" : "losses"} ${first}`,
    ...others,
    `optimizer ${definition.optimizer.type}`,
    `backend ${region.backend.name}`,
    `arithmetic ${region.arithmetic.name}`,
  ];
  return [...table, wrapped("", commas(facts))].join("\n");
}
