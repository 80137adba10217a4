// Which rows each step of a run takes. Steps are counted from the run's first, epochs too; step k takes the rows [k % perEpoch * size, …) of its
// epoch's order.
import { permutation } from "../random.js";

/** Seed and counter of shuffling: the number of the run's first epoch since the network's first. */
export interface Shuffling {
  readonly seed: number;
  readonly firstEpoch: number;
}

export class Batches {
  /** Steps of an epoch. */
  readonly perEpoch: number;
  /** Orders of the epochs that were asked for and are not closed. */
  private readonly orders = new Map<number, Uint32Array>();

  /** @param rows of an epoch @param size rows of a step, at most all */
  constructor(
    readonly rows: number,
    readonly size: number,
    private readonly shuffling: Shuffling | undefined,
  ) {
    this.perEpoch = Math.ceil(rows / size);
  }

  /** Epoch of a step, and which of its rows comes first. */
  placeOf(step: number): { readonly epoch: number; readonly begin: number } {
    return { epoch: Math.floor(step / this.perEpoch), begin: (step % this.perEpoch) * this.size };
  }

  /** Rows that the run's first so many steps take. */
  rowsBefore(step: number): number {
    const { epoch, begin } = this.placeOf(step);
    return epoch * this.rows + begin;
  }

  /** Row numbers of an epoch, in the order they are used; undefined: as they come. */
  orderOf(epoch: number): Uint32Array | undefined {
    const { shuffling } = this;
    if (!shuffling) return undefined;
    let order = this.orders.get(epoch);
    if (!order) {
      order = new Uint32Array(this.rows);
      permutation(this.rows, shuffling.seed, shuffling.firstEpoch + epoch, order);
      this.orders.set(epoch, order);
    }
    return order;
  }

  /** The rows of a step. @param base which row of its epoch is called 0 */
  rowsOf(step: number, base: number): number[] {
    const { epoch, begin } = this.placeOf(step);
    const order = this.orderOf(epoch);
    return Array.from({ length: Math.min(this.size, this.rows - begin) }, (_, i) => order?.[begin + i] ?? begin - base + i);
  }

  /** Epochs before this one are closed. */
  close(epoch: number): void {
    for (const known of this.orders.keys()) if (known < epoch) this.orders.delete(known);
  }
}
