import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { randomStream } from '../../../src/base/random/stream.ts';
import { type Tensor, writeSafetensors } from '../../../src/base/safetensors/safetensors.ts';
import { writeMetricsCsv, writeSpectraCsv } from '../../../src/experiment/results/csvFiles.ts';
import { esdKey, resultsLayout } from '../../../src/experiment/results/layout.ts';
import {
  type MetricsRow,
  NO_CIRCUMSTANCES,
  NOT_EVALUATED,
} from '../../../src/experiment/results/metricsRow.ts';
import { layerSpectrum } from '../../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import type { Phase } from '../../../src/spectra/phase.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import {
  ladderMatrix,
  lowRankMatrix,
  paretoMatrix,
  spikedMatrix,
} from '../../../src/spectra/synthetic/matrices.ts';

/** A run of the synthetic experiment: how its weights look once trained. */
interface SyntheticRun {
  id: string;
  batchSize: number;
  seed: number;
  l2: boolean;
  phase: Phase;
}

const LAYERS = [
  { name: 'fc1', rows: 320, cols: 96 },
  { name: 'fc2', rows: 96, cols: 48 },
] as const;

const TRAINED: readonly { batchSize: number; phase: Phase }[] = [
  { batchSize: 2, phase: 'heavy-tailed' },
  { batchSize: 8, phase: 'bulk-decay' },
  { batchSize: 32, phase: 'bulk+spikes' },
  { batchSize: 128, phase: 'bleeding-out' },
  { batchSize: 500, phase: 'random-like' },
];

/** Writes a results folder as a sweep leaves it, of matrices of known class that drift from noise to it, and returns its path. */
export function writeSyntheticResults(dir: string, { epochs = 10, seeds = 2 } = {}): string {
  const layout = resultsLayout(dir);
  const runs: SyntheticRun[] = Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) => [
    ...TRAINED.map(({ batchSize, phase }) => ({
      id: `b=${batchSize}_seed=${seed}`,
      batchSize,
      seed,
      l2: false,
      phase,
    })),
    { id: `overRegularized_seed=${seed}`, batchSize: 32, seed, l2: true, phase: 'rank-collapse' },
  ]);
  const text = (path: string, content: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  };
  text(
    layout.experiment,
    stringify({
      name: 'synthetic',
      description: 'matrices of known class',
      network: 'lenet5',
      dataset: 'mnist',
    }),
  );
  const spectra: SpectrumRow[] = [];
  for (const run of runs) {
    const paths = layout.run(run.id);
    const l2 = run.l2 ? { coefficient: 0.01, layers: ['fc1'] } : null;
    text(
      paths.config,
      JSON.stringify({
        network: 'lenet5',
        dataset: 'mnist',
        batchSize: run.batchSize,
        learningRate: 0.01,
        seed: run.seed,
        l2,
        epochs,
      }),
    );
    text(
      paths.provenance,
      JSON.stringify({
        dataset_sha256: '0'.repeat(64),
        sessions: [
          {
            config_file: 'configs/synthetic.yaml',
            overrides: [],
            command: 'run configs/synthetic.yaml',
            phasewatch: '0.1.0',
            node: '20.19.0',
            tensorflow: '2.21.0',
            tfjs: '4.22.0',
            git: { commit: 'a'.repeat(40), diff_sha256: null },
            host: 'example',
            platform: 'linux 6.1 x64',
            cpu: 'Example CPU',
            cores: 2,
            memory_bytes: 8e9,
            gpu: false,
            device: null,
            threads: null,
            started_at: '2026-01-01T00:00:00.000Z',
            finished_at: '2026-01-01T00:05:00.000Z',
            state: 'done',
            epoch: epochs,
          },
        ],
      }),
    );
    text(
      paths.status,
      JSON.stringify({
        state: 'done',
        epoch: epochs,
        epochs,
        images_per_second: 1000,
        pid: 1,
        host: 'example',
        started_at: '2026-01-01T00:00:00.000Z',
        updated_at: '2026-01-01T00:05:00.000Z',
        finished_at: '2026-01-01T00:05:00.000Z',
        error: null,
        stopped_early: false,
      }),
    );
    writeMetricsCsv(paths.metrics, metricsOf(run, epochs));
    const tensors = new Map<string, Tensor>();
    for (let epoch = 0; epoch <= epochs; epoch++) {
      for (const layer of LAYERS) {
        const evals = evalsOf(run, layer, epoch / epochs);
        tensors.set(esdKey(epoch, layer.name), { dtype: 'F64', shape: [evals.length], data: evals });
        spectra.push(syntheticRow(run, layer, epoch, epochs, evals));
      }
    }
    writeSafetensors(layout.esd(run.id), tensors);
  }
  writeSpectraCsv(layout.spectra, spectra);
  return dir;
}

function metricsOf(run: SyntheticRun, epochs: number): MetricsRow[] {
  const best = run.l2 ? 0.7 : 0.995 - 0.004 * Math.log2(run.batchSize);
  return Array.from({ length: epochs + 1 }, (_, epoch) => {
    const done = 1 - Math.exp((-4 * epoch) / epochs);
    const test = 0.1 + (best - 0.12 - 0.1 + 0.004 * run.seed) * done;
    const train = epoch === 0 ? null : 0.1 + (best - 0.1) * done;
    return {
      epoch,
      learning_rate: 0.01,
      train_loss: train === null ? null : 2.3 * (1 - train),
      train_accuracy: train,
      test_loss: 2.3 * (1 - test),
      test_accuracy: test,
      images_per_second: epoch === 0 ? null : 1000 + run.batchSize,
      train_time_s: epoch === 0 ? null : 12.5,
      ...NO_CIRCUMSTANCES,
      ...NOT_EVALUATED,
    };
  });
}

function evalsOf(run: SyntheticRun, layer: (typeof LAYERS)[number], progress: number): Float64Array {
  const stream = randomStream(run.seed, `${run.id}/${layer.name}`);
  const W = matrixOf(run.phase, stream, layer, progress);
  return typescriptLinearAlgebra.eigenvalues(W, layer.rows, layer.cols);
}

function matrixOf(
  phase: Phase,
  stream: ReturnType<typeof randomStream>,
  shape: (typeof LAYERS)[number],
  progress: number,
): Float64Array {
  switch (phase) {
    case 'random-like':
      return spikedMatrix(stream, shape, []);
    case 'bleeding-out':
      return spikedMatrix(
        stream,
        shape,
        [1.1, 1.05, 1, 0.95].map((s) => s * progress),
      );
    case 'bulk+spikes':
      return spikedMatrix(
        stream,
        shape,
        [2.2, 2, 1.9, 1.8, 1.7, 1.6].map((s) => s * progress),
      );
    case 'bulk-decay':
      return progress === 0
        ? spikedMatrix(stream, shape, [])
        : ladderMatrix(stream, shape, { strongest: 0.2 + 3 * progress, share: 0.12 });
    case 'heavy-tailed': {
      const tail = paretoMatrix(stream, shape, { mu: 1.5, kind: 'symmetric' });
      const noise = spikedMatrix(stream, shape, []);
      return noise.map((w, i) => (1 - progress) * w + 0.6 * progress * tail[i]!);
    }
    case 'rank-collapse': {
      const low = lowRankMatrix(stream, shape, { rank: 6, noise: 0 });
      const noise = spikedMatrix(stream, shape, []);
      return noise.map((w, i) => (1 - progress) ** 3 * w + progress * low[i]!);
    }
  }
}

/** The numbers are those of the analysis; the label is the class of the matrix, on the way there by progress alone. */
function syntheticRow(
  run: SyntheticRun,
  layer: (typeof LAYERS)[number],
  epoch: number,
  epochs: number,
  evals: Float64Array,
): SpectrumRow {
  const spectrum = layerSpectrum(spectrumOf(evals, { N: layer.rows, M: layer.cols }, 'float64'));
  const progress = epoch / epochs;
  const passing = progress < 0.25 ? 'random-like' : progress < 0.5 && !run.l2 ? 'bleeding-out' : run.phase;
  const reached = run.phase === 'random-like' || (run.phase === 'bleeding-out' && passing !== 'random-like');
  const doubtful = progress > 0.4 && progress < 0.6;
  return {
    run: run.id,
    epoch,
    layer: layer.name,
    ...spectrum,
    mu_alpha: spectrum.alpha === null ? null : spectrum.alpha - 1,
    phase: reached ? run.phase : passing,
    phase_confidence: doubtful ? 0.55 : 0.9,
    phase_ambiguous: doubtful,
    phase_runner_up: 'bulk+spikes',
    phase_evidence: `spikes ${spectrum.num_spikes ?? 'none'}; soft rank ${spectrum.mp_softrank?.toFixed(3) ?? 'none'}`,
    warning: null,
  };
}
