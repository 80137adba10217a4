// The opcodes of a plan and the fixed fields of a step record. Compiled by both asc and tsc: the one place where these
// numbers exist. What an op's operands are is said in src/plan/ops.ts; a record is [opcode, length in words, operands...].

export enum Op {
  End = 0,

  // moving rows
  GatherRows,
  Fill,
  Accumulate,

  // matrices
  Gemm,
  GemmTransposedA,
  GemmTransposedB,
  SumRows,

  // activations
  ReluForward,
  ReluBackward,
  LeakyReluForward,
  LeakyReluBackward,
  SigmoidForward,
  SigmoidBackward,
  TanhForward,
  TanhBackward,
  SoftplusForward,
  SoftplusBackward,
  EluForward,
  EluBackward,
  GeluForward,
  GeluBackward,
  GeluTanhForward,
  GeluTanhBackward,
  SiluForward,
  SiluBackward,
  SoftmaxForward,
  SoftmaxBackward,
  Dropout,
  Draw,
  SeluForward,
  SeluBackward,
  CeluForward,
  CeluBackward,
  MishForward,
  MishBackward,
  SoftsignForward,
  SoftsignBackward,
  LogSigmoidForward,
  LogSigmoidBackward,
  HardSigmoidForward,
  HardSigmoidBackward,
  HardSwishForward,
  HardSwishBackward,
  HardTanhForward,
  HardTanhBackward,
  Relu6Forward,
  Relu6Backward,
  LogSoftmaxForward,
  LogSoftmaxBackward,

  // arithmetic on tensors, with broadcasting
  Plus,
  Minus,
  Times,
  DividedBy,
  Maximum,
  Minimum,
  Where,
  GradientOfLarger,
  ExpForward,
  LogForward,
  SqrtForward,
  SqrtBackward,
  AbsForward,
  AbsBackward,
  SinForward,
  SinBackward,
  CosForward,
  CosBackward,
  SumColumns,
  CopyColumns,
  AddColumns,
  Transpose,
  ClearPadding,
  FillStep,

  // losses: loss and gradient in one pass
  MeanSquaredError,
  MeanAbsoluteError,
  Huber,
  BinaryCrossEntropy,
  BinaryCrossEntropyLogits,
  CategoricalCrossEntropy,
  CategoricalCrossEntropyLogits,
  SparseCategoricalCrossEntropy,
  SparseCategoricalCrossEntropyLogits,
  ReduceLoss,
  LogCosh,
  Hinge,
  SquaredHinge,
  Poisson,
  PoissonLog,
  KlDivergence,
  KlDivergenceLog,
  WeightedBinaryCrossEntropy,
  WeightedBinaryCrossEntropyLogits,
  BinaryFocal,
  Focal,
  CategoricalHinge,
  CosineSimilarity,
  WeighRows,

  // penalties on parameters
  PenaltyForward,
  PenaltyBackward,

  // metrics, summed over the batch's rows
  CategoricalAccuracy,
  SparseCategoricalAccuracy,
  BinaryAccuracy,
  AbsoluteError,
  SumOfRows,

  // the gradient slab and the optimizers
  SumSquares,
  ClipGlobalNorm,
  ClipValue,
  SgdStep,
  SgdMomentumStep,
  AdamStep,
  RmspropStep,
  AdagradStep,
  ClipNorm,
  AdamaxStep,
  NadamStep,
  RadamStep,
  AdadeltaStep,
  LionStep,
  EmaStep,
  FlushSubnormals,
  OuterSgdStep,

  // threads: all have come this far before any goes on; one thread alone passes it by
  Barrier,
}

/** Byte offsets of the fixed fields of a step record. What one network adds (losses, metrics, optimizer factors: src/plan/step.ts) follows at `End`. */
export enum Step {
  /** u32: rows in this step's batch */
  Rows = 0,
  /** u32: where this step's row numbers begin (u32 each), in bytes relative to the network's region */
  Order = 4,
  /** u32: step number since the network's first step, the counter of dropout's random numbers */
  Number = 8,
  /** u32, out: what was found non-finite, bits of `Status`; 0 = the step is good */
  Status = 12,
  /** f64, out: the sum of the penalties; the writer of the record sets 0 */
  Penalty = 16,
  /** f64, out: sum of the squares of all gradients before clipping */
  SumSquares = 24,
  End = 32,
}

/** Bits of a step record's status word. */
export enum Status {
  Loss = 1,
  Gradient = 2,
  Weight = 4,
}

/** How a product begins: from +0, from what C holds, or from a row of biases. */
export enum Start {
  Zero = 0,
  C = 1,
  Bias = 2,
}

/** What `draw` makes of a uniform number u in [0, 1). */
export enum Variate {
  /** u itself */
  Uniform = 0,
  /** uniform, the others normal and normal but cut off at ±2 deviations, with mean 0 and variance 1 */
  UnitUniform = 1,
  Normal = 2,
  Truncated = 3,
}

/** An extent's word: a count, and in the bit above whether that is for each row of the step's batch. */
export enum ExtentWord {
  Count = 0x7fffffff,
  PerRowBit = 31,
}

/** Of how many of them threads' shares are multiples, so that they end where cache lines do: elements, and rows of at least one v128.
 *  An extent that counts by the batch's rows is always shared out by the batch's rows, whatever its op's units are: then a thread
 *  goes on with its own rows from op to op. */
export enum Share {
  Elements = 16,
  Rows = 4,
}

/** Tiles of C that gemm computes in registers, rows x columns, two of 8 columns side by side. Which is fastest depends on the engine;
 *  none changes a bit. */
export enum Tile {
  R2C16 = 0,
  /** strict arithmetic only */
  R4C16 = 1,
  /** strict arithmetic only */
  R5C8 = 2,
  /** relaxed arithmetic only */
  R6C8 = 3,
  /** relaxed arithmetic only */
  R6C16 = 4,
}

/** What a module and its threads are told, and tell one another: u32 words at these addresses of their memory, below all regions. Words that one thread writes while
 *  others wait for them have cache lines of their own, in pairs, as the CPU fetches them. */
export enum Control {
  /** +0 sixteen times, never written: what sums begin with that begin with nothing */
  Zeros = 0,
  /** gemm's tile, one of `Tile` */
  Tile = 64,
  /** counts runs; workers of a session wait for it */
  Go = 128,
  /** threads that have come to the barrier */
  Arrived = 256,
  /** counts barriers; who waits at one waits for it */
  Passed = 384,
  /** threads that have gone to sleep at the barrier */
  Sleeping = 512,
  /** not 0: leave, the run is lost */
  Abort = 640,
  /** what to run: the arguments of `run`, how many threads share the work (the first ones), bytes of working memory for each */
  Region = 768,
  Plan = 772,
  Table = 776,
  Stride = 780,
  Steps = 784,
  Threads = 788,
  Scratch = 792,
  /** how often a thread looks before it sleeps, and how many milliseconds without news it bears */
  Spins = 796,
  Patience = 800,
  /** not 0: the session is over */
  Closed = 804,
  /** one of `Presence` for each thread, `PresenceBytes` apart */
  Presence = 1024,
  // biome-ignore lint/suspicious/noDuplicateEnumValues: an address and a size that happen to be equal
  PresenceBytes = 128,
}

/** What a worker is doing in a memory. */
export enum Presence {
  /** nothing: it holds no instance there */
  Away = 0,
  /** waiting for a run, or, if none comes, about to go away */
  Waiting = 1,
  /** it will take part in the next run, or takes part in one: it does not go away */
  Claimed = 2,
}

/** What `work` returns in place of a number of steps. */
export enum Ended {
  Aborted = -1,
}
