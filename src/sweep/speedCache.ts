import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../config/canonicalJson.ts';
import type { RunConfig } from '../config/schema.ts';
import { writeFileAtomic } from '../files/atomicWrite.ts';
import { cacheFolder } from '../files/cacheFolder.ts';
import type { Speed } from './stepTime.ts';

/** What besides the config decides how fast a run trains. */
export interface SpeedSetting {
  jobs: number;
  threads: number | null;
  device: string | null;
}

const MEASURED_SIZES = 5;

/** Speeds measured on this machine: workload, then batch size, then images per second. */
type Speeds = Record<string, Record<string, number>>;

/** Returns a function that gives the speeds measured on this machine for runs that differ from a config in the batch size at most. */
export function knownSpeeds(setting: SpeedSetting): (config: RunConfig) => Speed[] {
  const speeds = readSpeeds();
  return (config) =>
    Object.entries(speeds[workload(config, setting)] ?? {}).map(([batchSize, imagesPerSecond]) => ({
      batchSize: Number(batchSize),
      imagesPerSecond,
    }));
}

/** Keeps measured speeds for later plans; the last measurement of a batch size stands. A cache out of reach is no error. */
export function rememberSpeeds(
  measured: readonly { config: RunConfig; imagesPerSecond: number }[],
  setting: SpeedSetting,
): void {
  if (measured.length === 0) return;
  const speeds = readSpeeds();
  for (const { config, imagesPerSecond } of measured) {
    const key = workload(config, setting);
    speeds[key] = { ...speeds[key], [config.batchSize]: Number(imagesPerSecond.toPrecision(4)) };
  }
  try {
    writeFileAtomic(speedsFile(), `${JSON.stringify(speeds, null, 1)}\n`);
  } catch {
    // a read-only home: plans say `unknown` then
  }
}

/**
 * Returns the runs whose speeds should be measured so that all can be estimated: of each kind of run of which no batch size is known
 * five at most, from the smallest to the largest evenly in the logarithm.
 */
export function runsToMeasure(configs: readonly RunConfig[], setting: SpeedSetting): RunConfig[] {
  const speeds = readSpeeds();
  const kinds = new Map<string, Map<number, RunConfig>>();
  for (const config of configs) {
    const key = workload(config, setting);
    if (speeds[key] !== undefined) continue;
    kinds.set(key, (kinds.get(key) ?? new Map()).set(config.batchSize, config));
  }
  return [...kinds.values()].flatMap((sizes) =>
    spread([...sizes.values()].sort((a, b) => a.batchSize - b.batchSize)),
  );
}

function spread(configs: readonly RunConfig[]): RunConfig[] {
  if (configs.length <= MEASURED_SIZES) return [...configs];
  const log = (config: RunConfig): number => Math.log(config.batchSize);
  const [low, high] = [log(configs[0]!), log(configs.at(-1)!)];
  const nearest = Array.from({ length: MEASURED_SIZES }, (_, i) => {
    const wanted = low + ((high - low) * i) / (MEASURED_SIZES - 1);
    return configs.reduce((a, b) => (Math.abs(log(b) - wanted) < Math.abs(log(a) - wanted) ? b : a));
  });
  return [...new Set(nearest)];
}

function workload(
  { network, dataset, precision, convolution, dropout, optimizer }: RunConfig,
  setting: SpeedSetting,
): string {
  return canonicalJson({
    host: hostname(),
    network,
    dataset,
    precision,
    convolution,
    dropout: dropout !== null,
    optimizer: optimizer.type,
    ...setting,
  });
}

function readSpeeds(): Speeds {
  try {
    return JSON.parse(readFileSync(speedsFile(), 'utf8')) as Speeds;
  } catch {
    return {};
  }
}

function speedsFile(): string {
  return join(cacheFolder(), 'speeds.json');
}
