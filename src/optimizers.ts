// All optimizers by type, and what the rest of the library needs of them; each is in a file of its own under optimizers/.
// Formulas: test/golden/README.md, section Optimizers.
import { shown } from "./checks.js";
import { FormatError, OptionError } from "./errors.js";
import { adadelta, adagrad } from "./optimizers/adagrad.js";
import { adam, adamax, adamW, nadam, radam } from "./optimizers/adam.js";
import { lion } from "./optimizers/lion.js";
import type { Optimizer } from "./optimizers/optimizer.js";
import { rmsprop } from "./optimizers/rmsprop.js";
import { sgd } from "./optimizers/sgd.js";

export { emitUpdate, type Optimizer } from "./optimizers/optimizer.js";
export { sgd };

const factories: Readonly<Record<string, (options: never) => Optimizer>> = {
  sgd,
  adam,
  adamW,
  adamax,
  nadam,
  radam,
  rmsprop,
  adagrad,
  adadelta,
  lion,
};

/** @throws {OptionError} for what has the form of an optimizer, but is none of the library's */
export function checkSavable(who: string, { type }: Optimizer): void {
  if (Object.hasOwn(factories, type)) return;
  throw new OptionError(
    `${who} is ${shown(type)}, one of your own, which no file could hold; expected one of: ${Object.keys(factories).join(", ")}; for updates of your own take gradients() and setParameters()`,
  );
}

export function restoreOptimizer(type: string, options: Readonly<Record<string, unknown>>): Optimizer {
  const factory = Object.hasOwn(factories, type) ? factories[type] : undefined;
  if (!factory) throw new FormatError(`optimizer is ${shown(type)}, expected one of: ${Object.keys(factories).join(", ")}`);
  return factory(options as never);
}
