import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { writeSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { writeMetricsCsv, writeSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { NO_CIRCUMSTANCES, NOT_EVALUATED } from '../../src/experiment/results/metricsRow.ts';
import { readResults } from '../../src/experiment/results/readResults.ts';
import { layerSpectrum } from '../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../src/spectra/measures/spectrum.ts';
import { gaussianMatrix } from '../../src/spectra/synthetic/matrices.ts';
import { writeSyntheticResults } from '../experiment/results/syntheticResults.ts';
import { snippet } from './interpreters.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SHAPE = { rows: 120, cols: 60 };
const EPOCHS = [0, 1, 2, 3, 4];

/** Python blocks and command lines of docs/guide/python.md, in order. */
const blocks = [
  ...readFileSync(join(root, 'docs/guide/python.md'), 'utf8').matchAll(/```(\w+)\n([\s\S]*?)```/g),
];
const python = blocks.filter(([, language]) => language === 'python').map(([, , code]) => code!);
const commands = blocks
  .filter(([, language]) => language === 'sh')
  .map(([, , code]) => code!.replaceAll('\\\n', '').trim());

let folder: string;
const spectra = EPOCHS.map((epoch) => {
  const W = Float32Array.from(gaussianMatrix(randomStream(epoch, 'python'), SHAPE));
  const evals = typescriptLinearAlgebra.eigenvalues(W, SHAPE.rows, SHAPE.cols);
  return {
    epoch,
    W,
    spectrum: layerSpectrum(spectrumOf(evals, { N: SHAPE.rows, M: SHAPE.cols }), { fit: 'ww' }),
  };
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'python-'));
  const layout = resultsLayout(join(folder, 'results', 'quick'));
  const run = layout.run('b=16');
  for (const { epoch, W } of spectra) {
    const fc1 = { dtype: 'F32', shape: [SHAPE.rows, SHAPE.cols], data: W } as const;
    writeSafetensors(run.snapshot(epoch), new Map([['fc1', fc1]]));
  }
  const noPhase = {
    phase_confidence: null,
    phase_ambiguous: null,
    phase_runner_up: null,
    phase_evidence: null,
    warning: null,
  };
  writeSpectraCsv(
    layout.spectra,
    spectra.map(({ epoch, spectrum }) => ({
      run: 'b=16',
      epoch,
      layer: 'fc1',
      ...spectrum,
      phase: 'random-like' as const,
      ...noPhase,
    })),
  );
  const metrics = EPOCHS.map((epoch) => ({
    epoch,
    learning_rate: 0.01,
    train_loss: null,
    train_accuracy: null,
    test_loss: 1,
    test_accuracy: epoch / 10,
    images_per_second: null,
    train_time_s: null,
    ...NO_CIRCUMSTANCES,
    ...NOT_EVALUATED,
  }));
  writeMetricsCsv(run.metrics, metrics);
});
afterAll(() => rmSync(folder, { recursive: true }));

function runHere(program: string, words: readonly string[], cwd = folder): SpawnSyncReturns<string> {
  const ended = spawnSync(program, words, { cwd, encoding: 'utf8' });
  expect(ended.status, ended.stderr).toBe(0);
  return ended;
}

/** Runs a command line of the page. */
function phasewatch(command: string, cwd = folder): void {
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const main = join(root, 'src', 'cli', 'main.ts');
  const words = command.split(/ +/).slice(1);
  runHere(process.execPath, ['--import', pathToFileURL(tsx).href, main, ...words], cwd);
}

/** Spearman's rho of distinct values with their own order. */
function spearmanWithEpoch(values: readonly number[]): number {
  const ranks = values.map((value) => values.filter((other) => other < value).length);
  const squares = ranks.reduce((sum, rank, epoch) => sum + (rank - epoch) ** 2, 0);
  return 1 - (6 * squares) / (values.length * (values.length ** 2 - 1));
}

describe('snippets of docs/guide/python.md', () => {
  it('are four, and two commands', () => {
    expect(python).toHaveLength(4);
    expect(commands).toHaveLength(2);
    for (const command of commands) expect(command).toMatch(/^phasewatch export /);
  });

  snippet('read snapshots', ['safetensors', 'numpy'], (interpreter) => {
    const { stdout } = runHere(interpreter, ['-c', python[0]!]);
    const lines = stdout.trim().split('\n');
    expect(lines).toEqual(
      spectra.map(
        ({ epoch, spectrum }) => `epoch-00${epoch} (120, 60) lambda_max ${spectrum.lambda_max.toFixed(3)}`,
      ),
    );
  });

  snippet('read spectra.csv', ['pandas'], (interpreter) => {
    const { stdout } = runHere(interpreter, ['-c', python[1]!]);
    const { stable_rank, alpha } = spectra.at(-1)!.spectrum;
    expect(stdout).toContain(stable_rank!.toFixed(3).slice(0, 5));
    expect(stdout).toContain(alpha!.toFixed(3).slice(0, 4));
    expect(stdout).toContain('random-like');
    const correlation = /test_accuracy\s+(-?\d\.\d+)\s+1\.0/.exec(stdout)!;
    expect(Number(correlation[1])).toBeCloseTo(
      spearmanWithEpoch(spectra.map((one) => one.spectrum.alpha!)),
      3,
    );
  });

  snippet('read several sweeps from one Parquet table', ['pandas', 'pyarrow'], (interpreter) => {
    const cwd = join(folder, 'several');
    const dirs = ['quick', 'other'].map((name) => join(cwd, 'results', name));
    for (const dir of dirs) writeSyntheticResults(dir, { epochs: 2, seeds: 1 });
    phasewatch(commands[0]!, cwd);
    const { stdout } = runHere(interpreter, ['-c', python[2]!], cwd);
    const table = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    expect(table[0]).toEqual(['layer', 'fc1', 'fc2']);
    const { spectra, runs } = readResults(dirs[0]!);
    for (const batchSize of [8, 500]) {
      const { id } = runs.find(({ config }) => config!.batchSize === batchSize)!;
      const alphas = spectra.filter(({ run, epoch }) => run === id && epoch === 2).map(({ alpha }) => alpha!);
      const row = table
        .find((words) => words.at(-3) === String(batchSize))!
        .slice(-2)
        .map(Number);
      for (const [i, alpha] of alphas.entries()) expect(row[i]).toBeCloseTo(alpha, 2);
    }
  });

  snippet('run WeightWatcher on an exported snapshot', ['weightwatcher'], (interpreter) => {
    phasewatch(commands[1]!);
    expect(existsSync(join(folder, 'exported', 'ww_config.json'))).toBe(true);
    const { stdout } = runHere(interpreter, ['-c', python[3]!]);
    const line = stdout.split('\n').find((one) => /\bfc1\b/.test(one))!;
    const [N, M, alpha] = line.trim().split(/\s+/).slice(1).map(Number);
    expect([N, M]).toEqual([SHAPE.rows, SHAPE.cols]);
    expect(alpha).toBeCloseTo(spectra.at(-1)!.spectrum.alpha!, 3);
  });
});
