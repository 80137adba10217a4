// Node only: networks in files, and callbacks that write to files and to the terminal.
export { type CheckpointOptions, checkpoint } from "./node/checkpoint.js";
export { loadFile, saveFile } from "./node/files.js";
export { type LogOptions, logTo } from "./node/log.js";
export { type ProgressBarOptions, progressBar } from "./node/progressBar.js";
