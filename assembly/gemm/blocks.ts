// Sizes of gemm's register tile and cache blocks, and what is packed. Compiled by both asc and tsc: kernels loop by them, the planner
// reserves scratch by them. None of them changes a bit of any result.

/** One tile of C in registers is MR x NR; packed panels are KC deep. */
export enum Block {
  MR = 4,
  NR = 8,
  KC = 256,
  /** Elements of A in one packed block: 96 KiB, a part of any L2 */
  A = 24576,
  /** Elements of B in one packed block: 512 KiB */
  B = 131072,
  /** Elements of an operand up to which it is read in place, transposed B excepted: it stays in L1 anyway */
  Direct = 8192,
  /** Rows of C below which B is read in place: a packed panel would be used too seldom */
  Rows = 8,
}
