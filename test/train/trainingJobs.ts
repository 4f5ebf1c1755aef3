import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '../../src/base/random/stream.ts';
import { parseRunConfig, type RunConfig } from '../../src/experiment/config/schema.ts';
import type { Dataset, Split } from '../../src/experiment/data/dataset.ts';
import { readMetricsCsv } from '../../src/experiment/results/csvFiles.ts';
import { runLayout } from '../../src/experiment/results/layout.ts';
import { NO_CIRCUMSTANCES } from '../../src/experiment/results/metricsRow.ts';
import { collectEnvironment, type Environment } from '../../src/experiment/results/provenance.ts';
import type { RunStatus } from '../../src/experiment/results/runStatus.ts';
import type { RunEvent } from '../../src/experiment/status/runEvents.ts';
import { engineVersions } from '../../src/run/engineOptions.ts';
import { runInProcess } from '../../src/run/runInProcess.ts';
import { loadEngine } from '../../src/train/engine/loadEngine.ts';

/** One run to train, in a folder of its own. */
export interface TrainingJob {
  dir: string;
  config: RunConfig;
}

const TINY_NETWORK = {
  layers: [
    { type: 'conv', name: 'conv', filters: 4, kernel: 5, stride: 2 },
    { type: 'maxPool', size: 2 },
    { type: 'batchNorm', name: 'bn' },
    { type: 'flatten' },
    { type: 'dense', name: 'fc1', units: 24 },
    { type: 'dense', name: 'out', units: 10, activation: 'linear' },
  ],
};

/** Returns a run config of a small network on few images, with `changes`. */
export function jobConfig(changes: object = {}): RunConfig {
  return parseRunConfig({
    network: TINY_NETWORK,
    dataset: 'mnist',
    trainImages: 70,
    testImages: 30,
    batchSize: 16,
    epochs: 3,
    learningRate: 0.02,
    learningRateDecay: 0.9,
    seed: 11,
    ...changes,
  });
}

let environment: Environment | undefined;

/** Trains a job in this process on images of noise and returns how it ended. */
export function trainJob(
  { dir, config }: TrainingJob,
  onEvent: (event: RunEvent) => void = () => {},
  signal: AbortSignal = new AbortController().signal,
): Promise<RunStatus> {
  const engine = loadEngine();
  environment ??= collectEnvironment({ engine: engineVersions(engine), threads: null, device: null });
  return runInProcess({
    run: 'run',
    files: runLayout(dir),
    config,
    dataset: noiseDataset(config),
    binding: engine.binding,
    environment,
    source: { config_file: '', overrides: [], command: '' },
    signal,
    onEvent,
  });
}

function noiseDataset({ dataset, trainImages, testImages }: RunConfig): Dataset {
  const shape: Dataset['shape'] = [28, 28, dataset === 'mnist' ? 1 : 3];
  const split = (purpose: string, count: number): Split => {
    const stream = randomStream(3, purpose);
    const size = shape[0] * shape[1] * shape[2];
    return {
      images: Uint8Array.from({ length: count * size }, () => stream.uint32() >>> 24),
      labels: Uint8Array.from({ length: count }, () => stream.below(10)),
      count,
    };
  };
  return {
    name: dataset,
    shape,
    classes: 10,
    preprocessing: dataset === 'mnist' ? 'unitScale' : 'perImageStandardization',
    train: split('train', trainImages!),
    test: split('test', testImages!),
    checksum: 'noise',
  };
}

/**
 * Returns everything a run has left that must not depend on when, how fast and in how many pieces it was trained: snapshots and
 * checkpoint by the hash of their bytes, and metrics.csv without its times.
 */
export function results(dir: string): Record<string, string> {
  const files = runLayout(dir);
  const found: Record<string, string> = {
    checkpoint: sha256(files.checkpoint),
    metrics: JSON.stringify(
      readMetricsCsv(files.metrics).map((row) => ({
        ...row,
        images_per_second: null,
        train_time_s: null,
        ...NO_CIRCUMSTANCES,
      })),
    ),
  };
  for (const name of readdirSync(files.snapshots).sort()) {
    found[name] = sha256(join(files.snapshots, name));
  }
  return found;
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
