import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointWatch, type Look } from '../../src/analyze/checkpointWatch.ts';
import { randomStream } from '../../src/base/random/stream.ts';
import { writeSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { analysisSchema } from '../../src/experiment/config/schema.ts';
import { readSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let checkpoints: string;
let out: string;
let solved: number;
beforeEach(() => {
  checkpoints = mkdtempSync(join(folder, 'mine-'));
  out = mkdtempSync(join(folder, 'out-'));
  solved = 0;
});

function watch(): CheckpointWatch {
  return new CheckpointWatch(checkpoints, resultsLayout(out), {
    analysis: analysisSchema.parse({}),
    algebra: {
      ...typescriptLinearAlgebra,
      eigenvaluesOfEach: (matrices) => {
        solved += matrices.length;
        return typescriptLinearAlgebra.eigenvaluesOfEach(matrices);
      },
    },
    epochFrom: null,
    signal: new AbortController().signal,
  });
}

const path = (epoch: number): string => join(checkpoints, `net_epoch_${epoch}.safetensors`);

function save(epoch: number): void {
  const stream = randomStream(epoch, 'weights');
  const data = Float32Array.from({ length: 40 * 24 }, () => stream.normal());
  writeSafetensors(path(epoch), new Map([['fc1.weight', { dtype: 'F32', shape: [24, 40], data }]]), {});
}

const epochs = ({ checkpoints: found }: Look): number[] => found.map(({ epoch }) => epoch);
const analyzed = (): (number | null)[] =>
  readSpectraCsv(resultsLayout(out).spectra).map(({ epoch }) => epoch);

describe('CheckpointWatch', () => {
  it('waits for the first checkpoint, takes each when it is the same twice, and analyzes it once', async () => {
    const looking = watch();
    expect((await looking.look()).problem).toMatch(/must hold/);
    save(0);
    expect(await looking.look()).toMatchObject({ checkpoints: [], growing: [path(0)] });
    expect(epochs(await looking.look())).toEqual([0]);
    expect(solved).toBe(1);
    await looking.look();
    expect(solved).toBe(1);
    save(1);
    expect(epochs(await looking.look())).toEqual([0]);
    expect(epochs(await looking.look())).toEqual([0, 1]);
    expect(analyzed()).toEqual([0, 1]);
    expect(solved).toBe(2);
    // Begun anew it knows what was done before.
    const next = watch();
    await next.look();
    await next.look();
    expect(solved).toBe(2);
  });

  it('does not take part of a file for one, though its writer pauses, and the whole when it is there', async () => {
    save(0);
    save(1);
    const whole = readFileSync(path(1));
    writeFileSync(path(1), whole.subarray(0, whole.length / 2));
    const looking = watch();
    for (let i = 0; i < 3; i++) await looking.look();
    expect(analyzed()).toEqual([0]);
    expect((await looking.look()).growing).toEqual([path(1)]);
    writeFileSync(path(1), whole);
    await looking.look();
    expect(await looking.look()).toMatchObject({ growing: [], problem: null });
    expect(analyzed()).toEqual([0, 1]);
  });

  it('keeps the spectra of a checkpoint that the training removes, and takes one that it writes over', async () => {
    save(0);
    save(1);
    const looking = watch();
    await looking.look();
    await looking.look();
    rmSync(path(0));
    save(2);
    await looking.look();
    await looking.look();
    expect(analyzed()).toEqual([0, 1, 2]);
    const before = readSpectraCsv(resultsLayout(out).spectra).find(({ epoch }) => epoch === 1)!;
    const other = readFileSync(path(2));
    writeFileSync(path(1), other);
    await looking.look();
    await looking.look();
    const after = readSpectraCsv(resultsLayout(out).spectra).find(({ epoch }) => epoch === 1)!;
    expect(after.lambda_max).not.toBe(before.lambda_max);
  });

  it('takes accuracies that the training writes beside its checkpoints', async () => {
    save(0);
    save(1);
    const looking = watch();
    await looking.look();
    await looking.look();
    writeFileSync(
      join(checkpoints, 'metrics.csv'),
      'epoch,train_accuracy,test_accuracy\n0,0.1,0.1\n1,0.9,0.8\n',
    );
    await looking.look();
    const [run] = new Set(readSpectraCsv(resultsLayout(out).spectra).map((row) => row.run));
    expect(readFileSync(resultsLayout(out).run(run!).metrics, 'utf8')).toContain('0.8');
    expect(solved).toBe(2);
  });
});
