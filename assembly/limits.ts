// Where losses of probabilities are held finite, exact float32 values; read by both asc and tsc. As in PyTorch's binary_cross_entropy
// logarithms are at least -100 and denominators at least 1e-12, so that probabilities of exactly 0 or 1 have a loss and a gradient.

export const LOWEST_LOG = -100.0;
export const LEAST_DENOMINATOR = 9.999999960041972e-13;
