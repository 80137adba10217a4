import { checkOptions, shown } from "../checks.js";
import { OptionError } from "../errors.js";
import type { Callback } from "../training/callbacks.js";
import { LiveLine, type Stream } from "./terminal.js";

export interface ProgressBarOptions {
  /** default process.stderr; nothing is shown where it is no terminal */
  readonly stream?: Stream | undefined;
}

function time(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;
}

/** Callback. A live line while a network trains: epoch, step, loss, samples a second, time left. An error leaves it, and is told below it. */
export function progressBar(options: ProgressBarOptions = {}): Callback {
  checkOptions("progressBar", options, ["stream"]);
  const { stream = process.stderr } = options;
  if (typeof stream?.write !== "function")
    throw new OptionError(`progressBar: stream is ${shown(stream)}, expected a stream, as process.stderr`);
  const line = new LiveLine(stream);
  return {
    type: "progressBar",
    onChunkEnd({ epoch, epochs, step, steps, loss, samplesPerSecond, secondsLeft }) {
      if (!line.live) return;
      const before = `epoch ${epoch}/${epochs}  step ${step}/${steps}`;
      const after = `loss ${loss.toPrecision(4)}  ${Math.round(samplesPerSecond).toLocaleString("en")}/s  ${time(secondsLeft)} left`;
      line.update((epoch - 1 + step / steps) / epochs, before, after);
    },
    onFitEnd: () => line.clear(),
    onFitError: () => line.leave(),
    state: () => ({}),
    restore: () => {},
  };
}
