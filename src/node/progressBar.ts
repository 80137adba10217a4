import type { Callback } from "../callbacks.js";
import { checkOptions } from "../checks.js";
import { LiveLine, type Stream } from "./terminal.js";

export interface ProgressBarOptions {
  /** default process.stderr; nothing is shown where it is no terminal */
  readonly stream?: Stream;
}

function time(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;
}

/** Callback. A live line while a network trains: epoch, step, loss, samples a second, time left. */
export function progressBar(options: ProgressBarOptions = {}): Callback {
  checkOptions("progressBar", options, ["stream"]);
  const { stream = process.stderr } = options;
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
    state: () => ({}),
    restore: () => {},
  };
}
