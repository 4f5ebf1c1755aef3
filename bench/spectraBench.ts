import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { largestOf } from '../src/base/extremes.ts';
import { randomStream } from '../src/base/random/stream.ts';
import { type AnalysisConfig, analysisSchema } from '../src/experiment/config/schema.ts';
import { type SnapshotLayer, writeSnapshot } from '../src/experiment/results/snapshot.ts';
import { spikedMatrix } from '../src/spectra/synthetic/matrices.ts';
import { nodeChild, pythonChild } from './benchProcesses.ts';
import type { Measurement } from './measurement.ts';
import type { MeasuringChild } from './measuringChild.ts';
import { median } from './statistics.ts';

/** The analyzed layers of a LeNet5 and a MiniAlexNet snapshot. */
const SNAPSHOT_SHAPES = {
  'lenet5/fc1': [2450, 500],
  'miniAlexNet/fc1': [4096, 384],
  'miniAlexNet/fc2': [384, 192],
};
/** The dense layers of AlexNet. */
const ALEXNET_SHAPES = { fc6: [9216, 4096], fc7: [4096, 4096], fc8: [4096, 1000] };
/** Singular values of the spikes in units of the bulk: trained layers have some, and fits take a way of their own there. */
const SPIKES = [8, 6, 4.5, 3.5, 3, 2.5, 2.2, 2];

/** One kind of analysis, here and by WeightWatcher. */
interface SpectraTask {
  name: string;
  shapes: Readonly<Record<string, readonly number[]>>;
  analysis: AnalysisConfig;
  /** Options of WeightWatcher's analyze; null: it is not asked. */
  weightwatcher: object | null;
}

const TASKS: readonly SpectraTask[] = [
  {
    name: 'plain',
    shapes: SNAPSHOT_SHAPES,
    analysis: analysisSchema.parse({ fit: 'ww', randomize: 0 }),
    weightwatcher: {},
  },
  {
    name: 'MP fit and randomization',
    shapes: SNAPSHOT_SHAPES,
    analysis: analysisSchema.parse({ fit: 'ww', randomize: 1 }),
    weightwatcher: { mp_fit: true, randomize: true },
  },
  {
    name: 'AlexNet, plain',
    shapes: ALEXNET_SHAPES,
    analysis: analysisSchema.parse({ fit: 'ww', randomize: 0 }),
    weightwatcher: null,
  },
];

/** Time of an analysis: medians over the rounds. */
export interface SpectraSpeed {
  name: string;
  versions: string;
  seconds: number;
  cpu_s: number;
  peak_rss_mib: number;
}

export interface SpectraCell {
  task: string;
  phasewatch: SpectraSpeed;
  peer: SpectraSpeed | null;
  /** How many times as fast as the peer; null without one. */
  ratio: number | null;
  cpu_ratio: number | null;
}

export interface SpectraBenchOptions {
  rounds: number;
  /** Python interpreter that has WeightWatcher; null: no peer. */
  python: string | null;
  onProgress(text: string): void;
}

/** Returns the time that analyses take, phasewatch beside WeightWatcher on the same files, in turn in each round. */
export async function benchSpectra({
  rounds,
  python,
  onProgress,
}: SpectraBenchOptions): Promise<SpectraCell[]> {
  const folder = mkdtempSync(join(tmpdir(), 'phasewatch-bench-'));
  try {
    const cells: SpectraCell[] = [];
    for (const task of TASKS) {
      onProgress(task.name);
      const path = join(folder, 'layers.safetensors');
      writeSnapshot(path, 0, syntheticLayers(task.shapes), 'float32');
      const ours = nodeChild<Facts>('spectraChild', [path, JSON.stringify(task.analysis)]);
      const theirs =
        python === null || task.weightwatcher === null
          ? null
          : pythonChild<Facts>(python, 'weightwatcher_spectra.py', [
              path,
              JSON.stringify(task.weightwatcher),
            ]);
      cells.push(await benchTask(task.name, theirs === null ? [ours] : [ours, theirs], rounds));
    }
    return cells;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Facts {
  name: string;
  versions: string;
}

async function benchTask(
  task: string,
  children: readonly MeasuringChild<Facts>[],
  rounds: number,
): Promise<SpectraCell> {
  try {
    const facts = await Promise.all(children.map((child) => child.ready()));
    const measured: Measurement[][] = facts.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, child] of children.entries()) measured[i]!.push(await child.measure(1));
    }
    const speeds = facts.map(({ name, versions }, i): SpectraSpeed => {
      const of = (value: (m: Measurement) => number): number => median(measured[i]!.map(value));
      return {
        name,
        versions,
        seconds: of(({ wall_s, units }) => wall_s / units),
        cpu_s: of(({ cpu_s, units }) => cpu_s / units),
        peak_rss_mib: largestOf(measured[i]!.map((m) => m.peak_rss_mib)),
      };
    });
    const [phasewatch, peer = null] = speeds as [SpectraSpeed, SpectraSpeed?];
    return {
      task,
      phasewatch,
      peer,
      ratio: peer === null ? null : peer.seconds / phasewatch.seconds,
      cpu_ratio: peer === null ? null : peer.cpu_s / phasewatch.cpu_s,
    };
  } finally {
    for (const child of children) child.close();
  }
}

function syntheticLayers(shapes: SpectraTask['shapes']): SnapshotLayer[] {
  return Object.entries(shapes).map(([layer, shape]) => {
    const [rows, cols] = shape as [number, number];
    const data = Float32Array.from(spikedMatrix(randomStream(1, `bench/${layer}`), { rows, cols }, SPIKES));
    return { layer, shape, data };
  });
}
