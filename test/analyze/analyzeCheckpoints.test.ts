import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { analyzeCheckpoints } from '../../src/analyze/analyzeCheckpoints.ts';
import type { AnalyzeOptions } from '../../src/analyze/analyzeResults.ts';
import { readRuns } from '../../src/analyze/compare/readRuns.ts';
import { randomStream } from '../../src/base/random/stream.ts';
import { writeSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { analysisSchema } from '../../src/experiment/config/schema.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { readResults } from '../../src/experiment/results/readResults.ts';
import { settingsOfName } from '../../src/experiment/results/settingsOfName.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { resultsFigures } from '../../src/view/figures/resultsFigures.ts';
import { writeReport } from '../../src/view/page/writeReport.ts';
import { findCheckpoints } from '../../src/weights/findCheckpoints.ts';

const analysis = analysisSchema.parse({});
let folder: string;
let dir: string;
let solved: number;
let failed: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-checkpoints-'));
  dir = join(folder, 'results');
  solved = 0;
  failed = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A network of one layer and a bias, as a PyTorch training saves it. */
function checkpoint(path: string, seed: number): void {
  const stream = randomStream(seed, 'checkpoint');
  const data = Float32Array.from({ length: 40 * 20 }, () => stream.normal());
  writeSafetensors(
    join(folder, path),
    new Map([
      ['fc1.weight', { dtype: 'F32', shape: [20, 40], data }],
      ['fc1.bias', { dtype: 'F32', shape: [20], data: new Float32Array(20) }],
    ]),
    {},
  );
}

const analyze = (options: Partial<AnalyzeOptions> = {}) =>
  analyzeCheckpoints(findCheckpoints([join(folder, 'mine')]).found, resultsLayout(dir), analysis, {
    algebra: {
      ...typescriptLinearAlgebra,
      eigenvaluesOfEach: (matrices) => {
        solved += matrices.length;
        return typescriptLinearAlgebra.eigenvaluesOfEach(matrices);
      },
    },
    signal: new AbortController().signal,
    onProgress: () => {},
    onSkip: (message) => failed.push(message),
    onNote: () => {},
    onUnreadable: (path) => failed.push(path),
    ...options,
  });

function sweep(): void {
  for (const b of [4, 16, 64]) {
    for (const epoch of [0, 1]) {
      checkpoint(`mine/b=${b}_seed=7_lr=${b / 100}/net_epoch${epoch}.safetensors`, 10 * b + epoch);
    }
    writeFileSync(
      join(folder, `mine/b=${b}_seed=7_lr=${b / 100}/metrics.csv`),
      `epoch,train_accuracy,test_accuracy,extra\n0,0.1,0.1,a\n1,${0.9 + b / 1000},0.8,b\n`,
    );
  }
}

describe('analyzeCheckpoints', () => {
  it('makes a results folder that figures, report and compare take for one of their own', async () => {
    sweep();
    const rows = await analyze();
    expect(rows.map(({ run, epoch }) => `${run}@${epoch}`)).toEqual(
      [4, 16, 64].flatMap((b) => [0, 1].map((epoch) => `b=${b}_seed=7_lr=${b / 100}@${epoch}`)),
    );
    const csv = readFileSync(resultsLayout(dir).spectra, 'utf8').split('\n');
    expect(csv[0]).toMatch(/^run,batch_size,seed,learning_rate,epoch,layer,.*,file$/);
    expect(csv[3]).toMatch(/^b=16_seed=7_lr=0\.16,16,7,0\.16,0,fc1\.weight,.*epoch0\.safetensors$/);
    const results = readResults(dir);
    expect(results.runs.map(({ config }) => config)).toEqual(
      [4, 16, 64].map((b) => ({ batchSize: b, seed: 7, learningRate: b / 100 })),
    );
    expect(results.runs[1]!.metrics[1]).toMatchObject({ train_accuracy: 0.916, test_loss: null });
    expect(results.esd('b=4_seed=7_lr=0.04', 1, 'fc1.weight')!.at(-1)).toBe(rows[1]!.lambda_max);
    expect([...resultsFigures(results)].map(({ name }) => name)).toContain('esd-by-batch-size-fc1.weight');
    expect(
      readFileSync(
        writeReport(dir, () => {}),
        'utf8',
      ),
    ).toContain('b=16_seed=7');
    const { rows: compared } = readRuns([dir], 'batchSize');
    expect(compared.map(({ batch_size, gap }) => [batch_size, gap!.toFixed(3)])).toEqual([
      [4, '0.104'],
      [16, '0.116'],
      [64, '0.164'],
    ]);
  });

  it('analyzes only what is new, and keeps what is gone', async () => {
    sweep();
    const first = await analyze();
    expect(solved).toBe(6);
    checkpoint('mine/b=4_seed=7_lr=0.04/net_epoch2.safetensors', 5);
    rmSync(join(folder, 'mine/b=16_seed=7_lr=0.16'), { recursive: true });
    rmSync(join(folder, 'mine/b=4_seed=7_lr=0.04/net_epoch0.safetensors'));
    const second = await analyze();
    expect(solved).toBe(7);
    expect(second).toHaveLength(7);
    for (const row of first) expect(second).toContainEqual(row);
  });

  it('goes on after a checkpoint that cannot be read, and reads it once it is whole', async () => {
    sweep();
    const broken = join(folder, 'mine/b=4_seed=7_lr=0.04/net_epoch1.safetensors');
    writeFileSync(broken, 'half');
    expect(await analyze()).toHaveLength(5);
    expect(failed).toEqual([broken]);
    checkpoint('mine/b=4_seed=7_lr=0.04/net_epoch1.safetensors', 5);
    expect(await analyze()).toHaveLength(6);
    expect(solved).toBe(6);
  });

  it('goes on beside a link that leads nowhere, a link to itself and a folder', async () => {
    checkpoint('mine/net_epoch_0.safetensors', 0);
    symlinkSync('gone', join(folder, 'mine/net_epoch_1.safetensors'));
    symlinkSync('net_epoch_2.safetensors', join(folder, 'mine/net_epoch_2.safetensors'));
    symlinkSync('.', join(folder, 'mine/net_epoch_3.safetensors'));
    expect((await analyze()).map(({ epoch }) => epoch)).toEqual([0]);
    expect(failed).toHaveLength(3);
  });

  it('analyzes again where other layers are asked for', async () => {
    mkdirSync(join(folder, 'mine'));
    checkpoint('mine/epoch1.safetensors', 1);
    await analyze();
    const none = await analyze({ reading: { conv: 'slices', wants: () => false, key: 'none' } });
    expect(none).toEqual([]);
    expect(await analyze()).toHaveLength(1);
  });
});

it.each([
  ['b=16_seed=3', { batchSize: 16, seed: 3 }],
  ['resnet_bs128_seed2', { batchSize: 128, seed: 2 }],
  ['batch_size=8,lr=1e-3,width=64,act=relu', { batchSize: 8, learningRate: 0.001, width: 64, act: 'relu' }],
  // The size of a network is no batch size.
  ['efficientnet-b3_s4', {}],
])('reads the settings that %s says', (name, settings) => {
  expect(settingsOfName(name)).toEqual(settings);
});
