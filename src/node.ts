// Node only: networks in files, callbacks that write to files and to the terminal, and a switch of V8's.
export { type CheckpointOptions, checkpoint } from "./node/checkpoint.js";
export { loadFile, saveFile } from "./node/files.js";
export { type LogOptions, logTo } from "./node/log.js";
export { type ProgressBarOptions, progressBar } from "./node/progressBar.js";
export { revectorize } from "./node/revectorize.js";
