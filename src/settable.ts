// Assignments to a network that would do nothing, `net.learningRate = 0.5`, are errors that say where the option belongs. By setters on the
// prototype: preventing extensions would refuse methods that a test puts in place of a network's own, too, and outside strict mode, as in a
// console, it would let such an assignment pass in silence.
import { networkOptionNames } from "./definition.js";
import { OptionError } from "./errors.js";
import { fitOptionNames } from "./training/fitOptions.js";

const instead: Readonly<Record<string, string>> = { attach: "attached", class: "classes", scaler: "scalers" };

const fields: readonly (readonly [readonly string[], (name: string) => string])[] = [
  [networkOptionNames, (name) => `it is decided when a network is made: network({ ${name}, … })`],
  [
    ["learningRate", "momentum", "weightDecay", "clip", "groups", "ema"],
    (name) =>
      `it is its optimizer's, as network({ optimizer: sgd({ ${name} }), … }); to change a rate while it trains take a schedule, for another run loadNetwork(net.save(), { optimizer })`,
  ],
  [fitOptionNames, (name) => `it is an option of fit: net.fit(data, { ${name} })`],
  [["weights", "bias"], () => "net.setParameters([{ name, values }]) sets weights"],
  [["steps", "interrupted"], () => "it says what fit has done"],
  [Object.keys(instead), (name) => `expected net.${instead[name]}`],
];

/** What could be read stays so. */
export function refuseAssignments(prototype: object): void {
  for (const [names, reason] of fields)
    for (const name of names)
      Object.defineProperty(prototype, name, {
        get: Object.getOwnPropertyDescriptor(prototype, name)?.get,
        set: () => {
          throw new OptionError(`${name} of a network cannot be set: ${reason(name)}`);
        },
        configurable: true,
      });
}
