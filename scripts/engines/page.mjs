// What a browser's page runs: it posts what came of a row, at first of none, and is answered with the next.
import * as chainrule from "/chainrule.browser.js";
import { train } from "/train.mjs";

async function outcomeOf({ revectorized, ...options }) {
  const { revectorize } = await chainrule.features();
  if (revectorized && !revectorize.available) throw new Error(revectorize.reason);
  return train(chainrule, options);
}

let outcome;
for (;;) {
  const response = await fetch("/next", { method: "POST", body: JSON.stringify(outcome ?? null) });
  outcome = await outcomeOf(await response.json()).catch((error) => ({ error: String(error) }));
}
