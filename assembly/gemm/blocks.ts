// Sizes of gemm's cache blocks and what is packed. Compiled by both asc and tsc: kernels loop by them, the planner reserves scratch by
// them. None of them changes a bit of any result. Fitted on cores with 48 KiB of L1: a Zen 5 (1 MiB of L2),
// MC, MC5 and Few on an Intel Xeon (2 MiB); PanelColumns5 on a Zen 3 (32 KiB of L1, 512 KiB of L2). Tiles are in scripts/micro.ts.

/** Strips of C are NR wide, the last ones less; packed panels are at most KC deep. Blocks of B and C are counted in elements. */
export enum Block {
  NR = 16,
  KC = 256,
  /** Rows of A and C in a block, a multiple of the tiles' heights. Strip by strip a block goes through C in the
   *  order of memory, which the CPU fetches ahead of a tile's sums; down all rows of one strip each line of C is waited for */
  MC = 48,
  /** The same for the tile of 5 rows */
  MC5 = 40,
  /** Rows up to which there is one block: each panel of B is used up, from L1, before the next one is packed in its place */
  Few = 128,
  /** B in one block of columns: 512 KiB */
  B = 131072,
  /** B in one block where C has up to three rows: 16 KiB */
  SmallB = 4096,
  /** C in one block of rows: 32 KiB, so that neighbouring strips meet their cache lines in L1 */
  C = 8192,
  /** An operand up to this size is read in place, transposed B excepted: it stays in L1 anyway */
  // biome-ignore lint/suspicious/noDuplicateEnumValues: two sizes that happen to be equal
  Direct = 8192,
  /** Rows of C below which B is read in place: a packed panel would be used too seldom */
  Rows = 5,
  /** Columns of C up to which a transposed A is read in place: two strips use each element twice */
  Columns = 16,
  /** Columns of C from which A goes to panels, transposed or not; a transposed A, which is copied anyway, does where they fill strips, too */
  PanelColumns = 256,
  /** The same for the tile of 5 rows: a core that starts 6 instructions a cycle is bound by their number, and with a pointer for each row of A
   *  there are 37 for 20 products and sums */
  PanelColumns5 = 128,
  /** Rows in a panel of A, at most */
  Panel = 6,
  /** Elements of a cache line, on which packed blocks begin */
  Line = 16,
}
