// Sizes of gemm's cache blocks and register tile. Compiled by both asc and tsc: kernels loop by them, the planner reserves scratch by them.

/** C is computed in blocks of MC rows, packed panels are KC deep and cover NC columns; one tile of C in registers is MR x NR. */
export enum Block {
  MR = 4,
  NR = 8,
  MC = 96,
  KC = 256,
  NC = 512,
  /** m·n·k up to which packing costs more than it saves: the product is computed in place */
  Unpacked = 16384,
}
