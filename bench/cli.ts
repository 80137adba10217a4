#!/usr/bin/env node
// The published command line, `chainrule bench`. An entry point of its own: importing the library never loads it. `npm run bench` is the same:
// what runs sources makes functions slower to call.
import { version } from "../package.json";
import { endWithReader } from "../src/node/terminal.js";
import { bench } from "./index.js";

const help = `chainrule bench [options]: how fast training is on this machine
chainrule bench --help lists the options
chainrule --version`;

endWithReader(process.stdout);
const [command, ...rest] = process.argv.slice(2);
if (command === "bench") await bench(rest);
else if (command === "--help" || command === "-h") console.log(help);
else if (command === "--version" || command === "-v") console.log(version);
else {
  console.error(`chainrule: ${command ? `no command "${command}"` : "which command?"}; --help lists them`);
  process.exitCode = 2;
}
