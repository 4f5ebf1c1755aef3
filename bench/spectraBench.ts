import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { largestOf } from '../src/base/extremes.ts';
import { randomStream } from '../src/base/random/stream.ts';
import { readSafetensors, type Tensor, writeSafetensors } from '../src/base/safetensors/safetensors.ts';
import { type AnalysisConfig, analysisSchema } from '../src/experiment/config/schema.ts';
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
/** The dense layers of a block of a transformer with 7 billion weights. */
const BLOCK_SHAPES = {
  ...Object.fromEntries(['q', 'k', 'v', 'o'].map((name) => [`attention/${name}`, [4096, 4096]])),
  ...Object.fromEntries(['gate', 'up', 'down'].map((name) => [`mlp/${name}`, [11008, 4096]])),
};
/** Singular values of the spikes in units of the bulk: trained layers have some, and fits take a way of their own there. */
const SPIKES = [8, 6, 4.5, 3.5, 3, 2.5, 2.2, 2];

/** One kind of analysis, here and by WeightWatcher. */
interface SpectraTask {
  name: string;
  shapes: Readonly<Record<string, readonly number[]>>;
  /** WeightWatcher reads float32 copies of the same values. */
  dtype: 'F32' | 'BF16';
  analysis: AnalysisConfig;
  /** Options of WeightWatcher's analyze; null: it is not asked. */
  weightwatcher: object | null;
  /** Measured once, whatever --rounds says: it takes minutes. */
  once: boolean;
}

const TASKS: readonly SpectraTask[] = [
  {
    name: 'plain',
    shapes: SNAPSHOT_SHAPES,
    dtype: 'F32',
    analysis: analysisSchema.parse({ fit: 'ww', randomize: 0 }),
    weightwatcher: {},
    once: false,
  },
  {
    name: 'MP fit and randomization',
    shapes: SNAPSHOT_SHAPES,
    dtype: 'F32',
    analysis: analysisSchema.parse({ fit: 'ww', randomize: 1 }),
    weightwatcher: { mp_fit: true, randomize: true },
    once: false,
  },
  {
    name: 'AlexNet, plain',
    shapes: ALEXNET_SHAPES,
    dtype: 'F32',
    analysis: analysisSchema.parse({ fit: 'ww', randomize: 0 }),
    weightwatcher: null,
    once: false,
  },
  {
    name: 'transformer block, plain',
    shapes: BLOCK_SHAPES,
    dtype: 'BF16',
    analysis: analysisSchema.parse({ fit: 'ww', randomize: 0 }),
    weightwatcher: {},
    once: true,
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
      const peerPath = writeLayers(task, path);
      const ours = nodeChild<Facts>('spectraChild', [path, JSON.stringify(task.analysis)]);
      const theirs =
        python === null || task.weightwatcher === null
          ? null
          : pythonChild<Facts>(python, 'weightwatcher_spectra.py', [
              peerPath,
              JSON.stringify(task.weightwatcher),
            ]);
      cells.push(
        await benchTask(task.name, theirs === null ? [ours] : [ours, theirs], task.once ? 1 : rounds),
      );
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

/** Writes the layers of a task and returns the file with the same values for the peer, which reads no bfloat16. */
function writeLayers({ shapes, dtype }: SpectraTask, path: string): string {
  writeSafetensors(path, syntheticLayers(shapes, dtype));
  if (dtype === 'F32') return path;
  const peerPath = join(dirname(path), 'float32.safetensors');
  const rounded = [...readSafetensors(path).tensors].map(([name, tensor]): [string, Tensor] => [
    name,
    { ...tensor, dtype: 'F32' },
  ]);
  writeSafetensors(peerPath, new Map(rounded));
  return peerPath;
}

function syntheticLayers(shapes: SpectraTask['shapes'], dtype: Tensor['dtype']): Map<string, Tensor> {
  return new Map(
    Object.entries(shapes).map(([layer, shape]) => {
      const [rows, cols] = shape as [number, number];
      const data = Float32Array.from(spikedMatrix(randomStream(1, `bench/${layer}`), { rows, cols }, SPIKES));
      return [layer, { dtype, shape, data }];
    }),
  );
}
