// What a row's process runs; its argument is the row.
import * as chainrule from "../../dist/index.js";
import { revectorize } from "../../dist/node.js";
import { train } from "./train.mjs";

const { revectorized, ...options } = JSON.parse(process.argv[2]);
if (revectorized) revectorize();
console.log(JSON.stringify(await train(chainrule, options)));
