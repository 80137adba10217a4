import type { Views } from "../views.js";

export function sgdStep(views: Views, w: number, g: number, status: number, rate: number, weightDecay: number, begin: number, end: number): void {}

export function sgdMomentumStep(views: Views, w: number, v: number, g: number, status: number, rate: number, gradientFactor: number, momentum: number, nesterov: number, weightDecay: number, begin: number, end: number): void {}

export function adamStep(views: Views, w: number, m: number, v: number, vMax: number, g: number, status: number, stepSize: number, inverseRootBias2: number, decay: number, beta1: number, oneMinusBeta1: number, beta2: number, oneMinusBeta2: number, epsilon: number, weightDecay: number, begin: number, end: number): void {}

export function rmspropStep(views: Views, w: number, v: number, mean: number, velocity: number, g: number, status: number, rate: number, rho: number, oneMinusRho: number, epsilon: number, momentum: number, weightDecay: number, begin: number, end: number): void {}

export function adagradStep(views: Views, w: number, h: number, g: number, status: number, rate: number, epsilon: number, weightDecay: number, begin: number, end: number): void {}
