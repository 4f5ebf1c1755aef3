import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { analyzeResults } from '../../src/analyze/analyzeResults.ts';
import { LiveAnalysis } from '../../src/analyze/liveAnalysis.ts';
import { CHECKSUMS_FILE } from '../../src/base/files/checksums.ts';
import { randomStream } from '../../src/base/random/stream.ts';
import { analysisSchema } from '../../src/experiment/config/schema.ts';
import { readSpectraCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { writeSnapshot } from '../../src/experiment/results/snapshot.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';

const RUNS = ['b=2', 'b=16', 'b=4'];
const analysis = analysisSchema.parse({ bootstrap: 3, randomize: 1 });
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-live-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let dir: string;
let solved: number;
const algebra = {
  ...typescriptLinearAlgebra,
  eigenvaluesOfEach: (matrices: Parameters<typeof typescriptLinearAlgebra.eigenvaluesOfEach>[0]) => {
    solved += matrices.length;
    return typescriptLinearAlgebra.eigenvaluesOfEach(matrices);
  },
};
beforeEach(() => {
  dir = mkdtempSync(join(folder, 'results-'));
  solved = 0;
});

function snapshot(run: string, epoch: number, seed = epoch): void {
  const stream = randomStream(seed, run);
  const data = Float32Array.from({ length: 30 * 20 }, () => stream.normal());
  const layers = [{ layer: 'fc1', shape: [30, 20], data }];
  writeSnapshot(resultsLayout(dir).run(run).snapshot(epoch), epoch, layers, 'float32');
}

const live = (signal = new AbortController().signal): LiveAnalysis =>
  new LiveAnalysis(resultsLayout(dir), { order: RUNS, analysis, algebra, signal });

const atTheEnd = (of: string): Promise<unknown> =>
  analyzeResults(resultsLayout(of), RUNS, analysis, {
    algebra,
    signal: new AbortController().signal,
    onProgress: () => {},
    onSkip: (message) => expect.fail(message),
    onNote: (message) => expect.fail(message),
  });

/** Spectra, eigenvalues and checksums, as bytes. */
function files(of: string): string[] {
  const layout = resultsLayout(of);
  const paths = [layout.spectra, ...RUNS.map(layout.esd), join(of, CHECKSUMS_FILE)];
  return paths.map((path) => readFileSync(path, 'base64'));
}

/** What an analysis of the same snapshots makes that had nothing before it. */
async function afterwards(): Promise<string[]> {
  const copy = `${dir}-afterwards`;
  cpSync(join(dir, 'runs'), join(copy, 'runs'), { recursive: true });
  await atTheEnd(copy);
  return files(copy);
}

const rows = (): string[] =>
  readSpectraCsv(resultsLayout(dir).spectra).map(({ run, epoch }) => `${run} ${epoch}`);

describe('LiveAnalysis', () => {
  it('adds each snapshot once, as it comes, and leaves the bytes of an analysis afterwards', async () => {
    const analyses = live();
    // Runs side by side, the later one of the sweep ahead.
    for (const [run, epoch] of [
      ['b=16', 0],
      ['b=2', 0],
      ['b=16', 1],
      ['b=4', 0],
      ['b=2', 1],
    ] as const) {
      snapshot(run, epoch);
      await analyses.update(run);
    }
    expect(rows()).toEqual(['b=2 0', 'b=2 1', 'b=16 0', 'b=16 1', 'b=4 0']);
    const before = solved;
    await analyses.update('b=16');
    await live().update('b=16');
    expect(solved).toBe(before);
    const wanted = await afterwards();
    solved = 0;
    await atTheEnd(dir);
    expect(solved).toBe(0);
    expect(files(dir)).toEqual(wanted);
  });

  it('shares the folder with others that analyze other runs, on any machine', async () => {
    const [one, other] = [live(), live()];
    for (const epoch of [0, 1, 2]) {
      snapshot('b=2', epoch);
      snapshot('b=4', epoch);
      await Promise.all([one.update('b=2'), other.update('b=4')]);
    }
    snapshot('b=16', 0);
    await one.update('b=16');
    expect(rows().length).toBe(7);
    await atTheEnd(dir);
    expect(files(dir)).toEqual(await afterwards());
  });

  it('analyzes a snapshot again that a run, gone on with, wrote with other bytes', async () => {
    for (const epoch of [0, 1]) snapshot('b=2', epoch);
    snapshot('b=16', 0);
    snapshot('b=4', 0);
    await live().update('b=2');
    rmSync(resultsLayout(dir).run('b=2').snapshot(1));
    const next = live();
    await next.update('b=2');
    // The spectra of the snapshot that is gone stay until it is there again.
    expect(rows()).toEqual(['b=2 0', 'b=2 1']);
    snapshot('b=2', 1, 77);
    await next.update('b=2');
    const one = readSpectraCsv(resultsLayout(dir).spectra);
    await atTheEnd(dir);
    expect(readSpectraCsv(resultsLayout(dir).spectra).slice(0, 2)).toEqual(one);
    expect(files(dir)).toEqual(await afterwards());
  });

  it('ends after the snapshot at hand, and what it left goes on from there', async () => {
    for (const run of RUNS) for (const epoch of [0, 1, 2]) snapshot(run, epoch);
    const end = new AbortController();
    const first = live(end.signal);
    const one = first.update('b=2');
    end.abort();
    await one.catch(() => {});
    await live().update('b=4');
    await atTheEnd(dir);
    expect(files(dir)).toEqual(await afterwards());
  });

  it('does not write over a spectra.csv that cannot be read, and takes no list of checksums for true that is not', async () => {
    snapshot('b=2', 0);
    snapshot('b=16', 0);
    snapshot('b=4', 0);
    await atTheEnd(dir);
    const layout = resultsLayout(dir);
    snapshot('b=2', 1);
    await live().update('b=2');
    expect(() => readFileSync(join(dir, CHECKSUMS_FILE))).toThrow(/ENOENT/);
    const cut = readFileSync(layout.spectra, 'utf8').slice(0, -1);
    writeFileSync(layout.spectra, cut);
    snapshot('b=2', 2);
    await expect(live().update('b=2')).rejects.toThrow(/must end with a line feed/);
    expect(readFileSync(layout.spectra, 'utf8')).toBe(cut);
  });
});
