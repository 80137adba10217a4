// A network as a table for an 80-column terminal.
import type { Model } from "./model.js";
import { product } from "./plan/tensor.js";

export function summarize(model: Model): string {
  const { definition } = model;
  const counts = new Map<string, number>();
  for (const { tensor, layer } of model.parameters) counts.set(layer, (counts.get(layer) ?? 0) + product(tensor.shape));
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const shown = (shape: readonly number[]) => `[batch, ${shape.join(", ")}]`;
  const lines = [
    ["layer", "output", "parameters"],
    ...definition.graph.inputs.map(({ name, shape }) => [name, shown(shape), ""]),
    ...model.outputs.map(({ name, shape }) => [name, shown(shape), `${counts.get(name) ?? 0}`]),
  ] as const;
  const widths = [0, 1, 2].map((i) => Math.max(...lines.map((cells) => cells[i]!.length)));
  const table = lines.map(([name, shape, count]) =>
    `${name!.padEnd(widths[0]!)}  ${shape!.padEnd(widths[1]!)}  ${count!.padStart(widths[2]!)}`.trimEnd(),
  );
  return [
    ...table,
    `${total} parameters, ${definition.objectives.length === 1 ? "loss" : "losses"} ${definition.objectives.map(({ loss }) => loss.type).join(", ")}, optimizer ${definition.optimizer.type}`,
  ].join("\n");
}
