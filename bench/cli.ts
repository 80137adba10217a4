#!/usr/bin/env node
// The command line, `chainrule bench`. An entry point of its own: importing the library never loads it.
import { bench } from "./index.js";
import { start } from "./start.js";

const help = `chainrule bench [options]   how fast training is on this machine; --help lists the options
chainrule start BACKEND     milliseconds from nothing to the first step, which bench runs`;

const [command, ...rest] = process.argv.slice(2);
switch (command) {
  case "bench":
    await bench(rest);
    break;
  case "start":
    await start(rest[0]);
    break;
  case "--help":
    console.log(help);
    break;
  default:
    console.error(`chainrule: ${command ? `no command "${command}"` : "which command?"}; --help lists them`);
    process.exitCode = 2;
}
