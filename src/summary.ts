// A network as a table: of at most 80 columns, but for long names.
import type { Model } from "./model.js";
import { product } from "./plan/tensor.js";

export function summarize(model: Model): string {
  const { definition } = model;
  const count = (chosen: typeof model.parameters) => chosen.reduce((sum, { tensor }) => sum + product(tensor.shape), 0);
  const countOf = (name: string) => count(model.parameters.filter(({ outermost }) => outermost === name));
  const shown = (shape: readonly number[]) => `[batch, ${shape.join(", ")}]`;
  const lines = [
    ["layer", "output", "parameters"],
    ...definition.graph.inputs.map(({ name, shape }) => [name, shown(shape), ""]),
    ...model.outputs.map(({ name, shape }) => [name, shown(shape), `${countOf(name)}`]),
  ] as const;
  const widths = [0, 1, 2].map((i) => Math.max(...lines.map((cells) => cells[i]!.length)));
  const table = lines.map(([name, shape, count]) =>
    `${name!.padEnd(widths[0]!)}  ${shape!.padEnd(widths[1]!)}  ${count!.padStart(widths[2]!)}`.trimEnd(),
  );
  return [
    ...table,
    `${count(model.parameters)} parameters, ${definition.objectives.length === 1 ? "loss" : "losses"} ${definition.objectives.map(({ loss }) => loss.type).join(", ")}, optimizer ${definition.optimizer.type}`,
  ].join("\n");
}
