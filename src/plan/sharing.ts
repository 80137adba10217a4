// Which uses of layers share parameters. Sharing goes by the layers themselves: names that are the same by accident would make one
// parameter of two.
import { OptionError } from "../errors.js";
import type { Layer } from "../layers/layer.js";
import type { Tensor } from "./tensor.js";

/** One use of a layer: that layer, after those that it is within. None where a loss or metric is at work. */
interface Use {
  readonly layers: readonly Layer[];
  /** Names of the parameters that it has asked for. */
  readonly asked: Set<string>;
}

export class Sharing {
  private use: Use = { layers: [], asked: new Set() };
  /** Which layer each parameter is of, with those that it is within. */
  private readonly owners = new Map<string, { readonly tensor: Tensor; readonly layers: readonly Layer[] }>();

  /** @param layers the network's layer that is used now, or none */
  begin(...layers: readonly Layer[]): void {
    this.use = { layers, asked: new Set() };
  }

  /** Runs `body` as a use of a layer within the one at work. */
  within<T>(layer: Layer, body: () => T): T {
    const { use } = this;
    this.begin(...use.layers, layer);
    const result = body();
    this.use = use;
    return result;
  }

  /** The parameter that an earlier use of this layer asked for, if there was one.
   *  @throws {OptionError} asked for twice in one use, or of another layer */
  earlier(parameter: string): Tensor | undefined {
    const { layers, asked } = this.use;
    if (asked.has(parameter))
      throw new OptionError(
        `${parameter}: asked for twice, expected a name of its own for each parameter; to use one twice keep its tensor, to use layers within a layer take g.within(name, layer, x)`,
      );
    asked.add(parameter);
    const owner = this.owners.get(parameter);
    if (!owner) return undefined;
    if (owner.layers.length !== layers.length || owner.layers.some((layer, i) => layer !== layers[i]))
      throw new OptionError(
        `${parameter}: a parameter of another layer has that name, expected a name of its own: name the layer otherwise`,
      );
    return owner.tensor;
  }

  /** Later uses of the layer at work share it. */
  own(parameter: string, tensor: Tensor): void {
    this.owners.set(parameter, { tensor, layers: this.use.layers });
  }
}
