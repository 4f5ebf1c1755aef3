import { hostname } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../../base/canonicalJson.ts';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { cacheFolder } from '../../base/files/cacheFolder.ts';
import { readJson } from '../../base/files/readFile.ts';
import { type Circumstances, companyText } from '../../base/machine/circumstances.ts';
import { availableCores } from '../../base/machine/cores.ts';
import type { RunConfig } from '../config/schema.ts';
import { speedup } from './estimate.ts';
import type { Speed } from './stepTime.ts';

/** What besides the config decides how fast a run trains. */
export interface SpeedSetting {
  jobs: number;
  threads: number | null;
  device: string | null;
}

const MEASURED_SIZES = 5;

/** A speed as it was measured. */
export interface MeasuredSpeed {
  config: RunConfig;
  imagesPerSecond: number;
  circumstances: Omit<Circumstances, 'reason'>;
}

/** A speed as it is kept. */
interface StoredSpeed extends Omit<Circumstances, 'reason'> {
  images_per_second: number;
}

/** Speeds measured on this machine: workload, then batch size. Earlier versions kept the images per second alone. */
type Speeds = Record<string, Record<string, StoredSpeed | number>>;

/** Returns a function that gives the speeds measured on this machine for runs that differ from a config in the batch size at most. */
export function knownSpeeds(setting: SpeedSetting, speeds = readSpeeds()): (config: RunConfig) => Speed[] {
  return (config) => plainSpeeds(speeds[workload(config, setting)] ?? {});
}

/**
 * Returns a function that gives the speeds to reckon with: those measured with this setting, or where there are none, those measured
 * with the nearest number of threads, made faster or slower by what threads gain in general.
 */
export function likelySpeeds(setting: SpeedSetting): (config: RunConfig) => Speed[] {
  const speeds = readSpeeds();
  const threads = setting.threads ?? availableCores();
  const known = knownSpeeds(setting, speeds);
  const distance = (other: number): number => Math.abs(Math.log(other / threads));
  return (config) => {
    const measured = known(config);
    if (measured.length > 0) return measured;
    const elsewhere = Object.entries(speeds).flatMap(([key, measured]) => {
      const { jobs, threads: others } = JSON.parse(key) as SpeedSetting;
      return key === workload(config, { ...setting, jobs, threads: others })
        ? [{ threads: others ?? availableCores(), measured }]
        : [];
    });
    const [nearest] = elsewhere.sort((a, b) => distance(a.threads) - distance(b.threads));
    if (nearest === undefined) return [];
    return plainSpeeds(nearest.measured).map(({ batchSize, imagesPerSecond }) => ({
      batchSize,
      imagesPerSecond: (imagesPerSecond * speedup(threads, batchSize)) / speedup(nearest.threads, batchSize),
    }));
  };
}

function plainSpeeds(speeds: Speeds[string]): Speed[] {
  return Object.entries(speeds).map(([batchSize, speed]) => ({
    batchSize: Number(batchSize),
    imagesPerSecond: typeof speed === 'number' ? speed : speed.images_per_second,
  }));
}

/** Returns the threads that all jobs have together; null: as many as the engine takes, which is all cores. */
export function threadsOf({ jobs, threads }: Pick<SpeedSetting, 'jobs' | 'threads'>): number | null {
  return threads === null ? null : jobs * threads;
}

/**
 * Keeps measured speeds for later plans; the last measurement of a batch size stands. One that other programs had a part in is not
 * kept: it says nothing about the next time. A cache out of reach is no error.
 */
export function rememberSpeeds(measured: readonly MeasuredSpeed[], setting: SpeedSetting): void {
  const undisturbed = measured.filter(
    ({ circumstances }) => companyText(circumstances, threadsOf(setting)) === null,
  );
  if (undisturbed.length === 0) return;
  const speeds = readSpeeds();
  for (const { config, imagesPerSecond, circumstances } of undisturbed) {
    const key = workload(config, setting);
    speeds[key] = { ...speeds[key], [config.batchSize]: storedSpeed(imagesPerSecond, circumstances) };
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
  { network, dataset, precision, convolution, compile, dropout, optimizer }: RunConfig,
  setting: SpeedSetting,
): string {
  return canonicalJson({
    host: hostname(),
    network,
    dataset,
    precision,
    convolution,
    compile,
    dropout: dropout !== null,
    optimizer: optimizer.type,
    ...setting,
  });
}

function storedSpeed(
  imagesPerSecond: number,
  { cpu_over_wall, cores_used, steal_cores, other_cores }: MeasuredSpeed['circumstances'],
): StoredSpeed {
  const short = (value: number | null): number | null =>
    value === null ? null : Number(value.toPrecision(4));
  return {
    images_per_second: Number(imagesPerSecond.toPrecision(4)),
    cpu_over_wall: short(cpu_over_wall),
    cores_used,
    steal_cores: short(steal_cores),
    other_cores: short(other_cores),
  };
}

function readSpeeds(): Speeds {
  try {
    return readJson(speedsFile()) as Speeds;
  } catch {
    return {};
  }
}

function speedsFile(): string {
  return join(cacheFolder(), 'speeds.json');
}
