export function sgdStep(w: usize, g: usize, status: usize, rate: f32, weightDecay: f32, begin: u32, end: u32): void {}

export function sgdMomentumStep(w: usize, v: usize, g: usize, status: usize, rate: f32, gradientFactor: f32, momentum: f32, nesterov: u32, weightDecay: f32, begin: u32, end: u32): void {}

export function adamStep(w: usize, m: usize, v: usize, vMax: usize, g: usize, status: usize, stepSize: f32, inverseRootBias2: f32, decay: f32, beta1: f32, oneMinusBeta1: f32, beta2: f32, oneMinusBeta2: f32, epsilon: f32, weightDecay: f32, begin: u32, end: u32): void {}

export function rmspropStep(w: usize, v: usize, mean: usize, velocity: usize, g: usize, status: usize, rate: f32, rho: f32, oneMinusRho: f32, epsilon: f32, momentum: f32, weightDecay: f32, begin: u32, end: u32): void {}

export function adagradStep(w: usize, h: usize, g: usize, status: usize, rate: f32, epsilon: f32, weightDecay: f32, begin: u32, end: u32): void {}
