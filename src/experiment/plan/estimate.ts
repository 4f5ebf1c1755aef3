import type { RunConfig } from '../config/schema.ts';
import { trainingFlopsPerImage } from '../networks/trainingFlops.ts';
import { networkOf } from '../sweep/checkRun.ts';
import { type Speed, secondsPerStep, TYPICAL_OVERHEAD_IMAGES } from './stepTime.ts';

/** Of one core, in the products of a training step. Only proportions between runs hang on it, and what is worth a process of its own. */
const FLOPS_PER_SECOND = 50e9;

/**
 * The share of a step that more threads do not make faster. Two processes of one thread each trained 1.4 to 2.5 times as many
 * images a second as one of two threads at b = 2, 1.3 to 1.8 at 16 and 1.1 to 1.6 at 128 (LeNet5, MiniAlexNet and MLP3 on two
 * cores); these give 1.6, 1.3 and 1.2.
 */
const serialShare = (batchSize: number): number => 0.15 + (0.5 * 8) / (8 + batchSize);

/** Returns how many times as fast as one thread so many threads are taken to be, by Amdahl's law. */
export function speedup(threads: number, batchSize: number): number {
  const serial = serialShare(batchSize);
  return 1 / (serial + (1 - serial) / threads);
}

/** Returns the seconds of so many steps by the known speeds, or by the arithmetic of the network where none is known. */
export function secondsOfSteps(
  config: RunConfig,
  steps: number,
  speeds: readonly Speed[],
  threads: number,
): number {
  return steps * (secondsPerStep(speeds, config.batchSize) ?? guessedSecondsPerStep(config, threads));
}

function guessedSecondsPerStep(config: RunConfig, threads: number): number {
  const images = config.batchSize + TYPICAL_OVERHEAD_IMAGES;
  const oneThread = (images * trainingFlopsPerImage(networkOf(config))) / FLOPS_PER_SECOND;
  return oneThread / speedup(threads, config.batchSize);
}

/** Returns when the last of the tasks ends, the longest started first, each on the worker that is free first. */
export function makespan(seconds: readonly number[], workers: number): number {
  const free = new Array<number>(workers).fill(0);
  for (const task of [...seconds].sort((a, b) => b - a)) {
    const first = free.reduce((best, time, worker) => (time < free[best]! ? worker : best), 0);
    free[first] = free[first]! + task;
  }
  return free.reduce((last, time) => Math.max(last, time), 0);
}
