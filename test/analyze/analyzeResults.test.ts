import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { analyzeResults, pruneSnapshots } from '../../src/analyze/analyzeResults.ts';
import { relabelResults } from '../../src/analyze/relabelResults.ts';
import { randomStream } from '../../src/base/random/stream.ts';
import { readSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { analysisSchema } from '../../src/experiment/config/schema.ts';
import { readSpectraCsv, writeSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { esdKey, resultsLayout } from '../../src/experiment/results/layout.ts';
import { writeSnapshot } from '../../src/experiment/results/snapshot.ts';
import type { LinearAlgebra } from '../../src/spectra/linalg/linearAlgebra.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';

const analysis = analysisSchema.parse({});
let dir: string;
let solved: number;
let skips: string[];
const counting: LinearAlgebra = {
  ...typescriptLinearAlgebra,
  eigenvalues: (W, rows, cols) => {
    solved++;
    return typescriptLinearAlgebra.eigenvalues(W, rows, cols);
  },
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'phasewatch-analyze-'));
  solved = 0;
  skips = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function snapshot(run: string, epoch: number, seed = epoch, poisoned = false): void {
  const stream = randomStream(seed, `${run}`);
  const data = Float32Array.from({ length: 40 * 20 }, () => stream.normal());
  if (poisoned) data[33] = Number.NaN;
  const kernel = Float32Array.from({ length: 9 * 10 * 12 }, () => stream.normal());
  writeSnapshot(
    resultsLayout(dir).run(run).snapshot(epoch),
    epoch,
    [
      { layer: 'fc1', shape: [40, 20], data },
      { layer: 'conv1', shape: [3, 3, 10, 12], data: kernel },
    ],
    'float32',
  );
}

const analyze = (runs = ['b=2', 'b=16'], options = analysis, signal = new AbortController().signal) =>
  analyzeResults(resultsLayout(dir), runs, options, {
    algebra: counting,
    signal,
    onProgress: () => {},
    onSkip: (message) => skips.push(message),
    onNote: (message) => skips.push(message),
  });

describe('analyzeResults', () => {
  it('writes a row for every run, epoch and layer, and the eigenvalues they follow from', async () => {
    for (const run of ['b=2', 'b=16']) for (const epoch of [0, 1]) snapshot(run, epoch);
    const rows = await analyze();
    expect(rows.map(({ run, epoch, layer }) => `${run} ${epoch} ${layer}`).sort()).toEqual(
      ['b=16', 'b=2'].flatMap((run) => [0, 1].flatMap((e) => [`${run} ${e} conv1`, `${run} ${e} fc1`])),
    );
    expect(readSpectraCsv(resultsLayout(dir).spectra)).toEqual(rows);
    const { tensors } = readSafetensors(resultsLayout(dir).esd('b=2'));
    const fc1 = rows.find(({ run, epoch, layer }) => run === 'b=2' && epoch === 1 && layer === 'fc1')!;
    expect((tensors.get(esdKey(1, 'fc1'))!.data as Float64Array).at(-1)).toBe(fc1.lambda_max);
    // The nine kernel positions of 10 x 12, pooled.
    expect(tensors.get(esdKey(0, 'conv1'))!.shape).toEqual([90]);
  });

  it('analyzes a snapshot once, and again when its bytes or the analysis change', async () => {
    snapshot('b=2', 0);
    snapshot('b=2', 1);
    const first = await analyze(['b=2']);
    expect(solved).toBe(2 * (1 + 9));
    solved = 0;
    expect(await analyze(['b=2'])).toEqual(first);
    expect(solved).toBe(0);
    snapshot('b=2', 1, 99);
    const changed = await analyze(['b=2']);
    expect(solved).toBe(10);
    expect(changed.filter(({ epoch }) => epoch === 0)).toEqual(first.filter(({ epoch }) => epoch === 0));
    expect(changed.filter(({ epoch }) => epoch === 1)).not.toEqual(first.filter(({ epoch }) => epoch === 1));
    solved = 0;
    await analyze(['b=2'], analysisSchema.parse({ fit: 'ww' }));
    expect(solved).toBe(20);
  });

  it('takes rows that an interrupted analysis left behind for what they are', async () => {
    snapshot('b=2', 0);
    snapshot('b=2', 1);
    const whole = await analyze(['b=2']);
    const layout = resultsLayout(dir);
    const [header, ...lines] = readFileSync(layout.spectra, 'utf8').trimEnd().split('\n');
    writeFileSync(layout.spectra, [header, ...lines.slice(0, 2), ''].join('\n'));
    expect(await analyze(['b=2'])).toEqual(whole);
  });

  it('keeps the spectra of snapshots that the policy removes', async () => {
    for (const epoch of [0, 1, 2]) snapshot('b=2', epoch);
    const before = await analyze(['b=2']);
    pruneSnapshots(resultsLayout(dir), 'b=2', 'last');
    solved = 0;
    expect(await analyze(['b=2'])).toEqual(before);
    expect(solved).toBe(0);
  });

  it('keeps spectra whose snapshots are gone when the others are analyzed in another way', async () => {
    for (const epoch of [0, 1, 2]) snapshot('b=2', epoch);
    const before = await analyze(['b=2']);
    const kept = before.filter(({ epoch }) => epoch !== 2);
    pruneSnapshots(resultsLayout(dir), 'b=2', 'last');
    const ww = analysisSchema.parse({ fit: 'ww' });
    const after = await analyze(['b=2'], ww);
    expect(after.filter(({ epoch }) => epoch !== 2)).toEqual(kept);
    expect(after.filter(({ epoch }) => epoch === 2).map(({ fit }) => fit)).toEqual(['ww', 'ww']);
    expect(skips).toEqual([
      'kept the spectra of run b=2, epochs 0 1, of an earlier analysis: the snapshots are gone',
    ]);
    expect(readSafetensors(resultsLayout(dir).esd('b=2')).tensors.size).toBe(6);
    solved = 0;
    expect(await analyze(['b=2'], ww)).toEqual(after);
    expect(solved).toBe(0);
    // The same bytes again, but never analyzed in this way.
    snapshot('b=2', 1);
    await analyze(['b=2'], ww);
    expect(solved).toBe(10);
  });

  it('loses nothing where no snapshot is left, as in published results', async () => {
    for (const epoch of [0, 1]) snapshot('b=2', epoch);
    const before = await analyze(['b=2']);
    pruneSnapshots(resultsLayout(dir), 'b=2', 'none');
    const esd = readFileSync(resultsLayout(dir).esd('b=2'));
    expect(await analyze(['b=2'], analysisSchema.parse({ fit: 'ww' }))).toEqual(before);
    expect(readSpectraCsv(resultsLayout(dir).spectra)).toEqual(before);
    expect(readFileSync(resultsLayout(dir).esd('b=2'))).toEqual(esd);
  });

  it('takes the first epoch for a witness to the scale of the bulk', async () => {
    const layout = resultsLayout(dir);
    const noise = randomStream(0, 'bulk');
    const write = (epoch: number, scale: number) => {
      const data = Float32Array.from({ length: 400 * 200 }, () => scale * noise.normal());
      // Twelve strong directions that no penalty shrank.
      for (let i = 0; i < 12; i++) data[i * 200 + i]! += 4000 + 200 * i;
      const shape = [400, 200] as const;
      writeSnapshot(layout.run('b=2').snapshot(epoch), epoch, [{ layer: 'fc1', shape, data }], 'float32');
    };
    write(0, 20);
    write(1, 1);
    write(2, 18);
    const [, shrunken, strong] = await analyze(['b=2']);
    expect(shrunken).toMatchObject({ phase: 'rank-collapse', phase_ambiguous: false });
    expect(strong).toMatchObject({ phase: 'bulk+spikes', phase_ambiguous: false });
    expect(shrunken!.phase_evidence).toContain('of that of epoch 0');
    // The same first epoch with a smaller bulk makes another witness, of later epochs as well.
    write(0, 1);
    const [, again] = await analyze(['b=2']);
    expect(again!.phase).toBe('bulk+spikes');
  });

  it('computes rows anew from the eigenvalues where the snapshots are gone', async () => {
    for (const epoch of [0, 1]) snapshot('b=2', epoch);
    const layout = resultsLayout(dir);
    const randomized = analysisSchema.parse({ randomize: 2, bootstrap: 5 });
    const before = await analyze(['b=2'], randomized);
    pruneSnapshots(layout, 'b=2', 'none');
    writeSpectraCsv(
      layout.spectra,
      before.map((row) => ({ ...row, phase: 'heavy-tailed' as const, alpha: 99, alpha_low: 99 })),
    );
    solved = 0;
    expect(relabelResults(layout, randomized)).toEqual(before);
    expect(solved).toBe(0);
    expect(readSpectraCsv(layout.spectra)).toEqual(before);
    // What was analyzed in this way is current.
    expect(await analyze(['b=2'], randomized)).toEqual(before);
    expect(skips).toEqual([]);
  });

  it('refuses a layer with NaN by name and goes on with the others', async () => {
    snapshot('b=2', 0, 0, true);
    const rows = await analyze(['b=2']);
    expect(rows.map(({ layer }) => layer)).toEqual(['conv1']);
    expect(skips).toHaveLength(1);
    expect(skips[0]).toMatch(
      /^skipped a layer of run b=2, epoch 0: .*fc1.* must be finite, got NaN at index 33$/,
    );
  });
});
