import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { analyzeResults } from '../../../src/analyze/analyzeResults.ts';
import { UserError } from '../../../src/base/userError.ts';
import { analysisSchema } from '../../../src/experiment/config/schema.ts';
import type { ResultsLayout, RunLayout } from '../../../src/experiment/results/layout.ts';
import { experimentStatus } from '../../../src/experiment/status/experimentStatus.ts';
import { planRun, readStoredRun } from '../../../src/experiment/status/runFolder.ts';
import { verifyResults } from '../../../src/experiment/status/verifyResults.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { writeReport } from '../../../src/view/page/writeReport.ts';
import { writeConfig } from '../config/writtenConfig.ts';
import { resultsFolder, writeRun } from './resultsFixture.ts';

const experiment = loadExperiment(
  writeConfig('network: lenet5\ndataset: mnist\nepochs: 2\nsweep: { seed: [1, 2] }', 'damaged.yaml'),
);
const [first] = experiment.runs;
let layout: ResultsLayout;
let files: RunLayout;

/** Brings the spectra up to date and returns what was said. */
async function analyze(): Promise<string[]> {
  const said: string[] = [];
  const runs = experiment.runs.map(({ id }) => id);
  await analyzeResults(layout, runs, analysisSchema.parse({}), {
    algebra: typescriptLinearAlgebra,
    signal: new AbortController().signal,
    onProgress: () => {},
    onSkip: (message) => said.push(message),
    onNote: (message) => said.push(message),
  });
  return said;
}

beforeEach(async () => {
  layout = resultsFolder(experiment);
  for (const run of experiment.runs) writeRun(layout, run, 2, { state: 'done' });
  files = layout.run(first!.id);
  writeProvenance('0.0.1');
  await analyze();
});

function writeProvenance(phasewatch: string): void {
  const provenance = { dataset_sha256: '', sessions: [{ phasewatch, git: null }] };
  writeFileSync(files.provenance, JSON.stringify(provenance));
}

function cut(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, Math.floor(0.6 * bytes.length)));
}

const DAMAGES: Record<string, { path: (files: RunLayout) => string; how: (path: string) => void }> = {
  'a metrics.csv that is cut off': { path: ({ metrics }) => metrics, how: cut },
  'a metrics.csv cut off in its last number': {
    path: ({ metrics }) => metrics,
    how: (path) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, -2)),
  },
  'a metrics.csv that lost its last line': {
    path: ({ metrics }) => metrics,
    how: (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/.*\n$/, '')),
  },
  'an empty metrics.csv': { path: ({ metrics }) => metrics, how: (path) => writeFileSync(path, '') },
  'a status.json that is cut off': { path: ({ status }) => status, how: cut },
  ...Object.fromEntries(
    ['[]', 'null', '5', '{"state":"cooking"}', '{"state":"done","epoch":"two"}'].map((text) => [
      `a status.json with ${text}`,
      { path: ({ status }: RunLayout) => status, how: (path: string) => writeFileSync(path, text) },
    ]),
  ),
  'a config.json that is cut off': { path: ({ config }) => config, how: cut },
};

describe.each(Object.entries(DAMAGES))('%s', (_, { path: pathOf, how }) => {
  beforeEach(() => how(pathOf(files)));

  it('is listed by status, which tells how the other run stands', () => {
    const { damage, runs } = experimentStatus(layout.dir);
    expect(damage).toEqual([expect.stringContaining(pathOf(files))]);
    expect(runs[1]).toMatchObject({ state: 'done', test_accuracy: 0.8 });
    expect(runs[0]!.test_accuracy).toBe(pathOf(files) === files.metrics ? null : 0.8);
    if (pathOf(files) !== files.metrics) expect(runs[0]!.state).toBe('damaged');
  });

  it('is a problem that verify lists with all others', () => {
    writeFileSync(layout.run('seed=2').metrics, 'no metrics');
    const paths = verifyResults(layout.dir).problems.map(({ path }) => path);
    expect(paths).toContain(pathOf(files).slice(layout.dir.length + 1));
    expect(paths).toContain('runs/seed=2/metrics.csv');
  });

  it('is named by the report, which has the rest', () => {
    const damage: string[] = [];
    const html = readFileSync(
      writeReport(layout.dir, (message) => damage.push(message)),
      'utf8',
    );
    expect(damage).toEqual([expect.stringContaining(pathOf(files))]);
    expect(html).toContain(pathOf(files));
    expect(html).toContain('seed=2');
  });
});

it('a provenance.json of another shape is a problem to verify, and missing in the report', () => {
  writeFileSync(files.provenance, '{"sessions":[{}]}');
  const damage: string[] = [];
  writeReport(layout.dir, (message) => damage.push(message));
  expect(damage).toEqual([expect.stringContaining(`${files.provenance} must hold the sessions of a run`)]);
  expect(verifyResults(layout.dir).problems.map(({ path }) => path)).toContain('runs/seed=1/provenance.json');
});

it('is not trained over: a status of another shape is refused with what mends it, and that does', () => {
  writeFileSync(files.status, '{"state":"cooking"}');
  let refusal: UserError | null = null;
  try {
    readStoredRun(files);
  } catch (error) {
    refusal = error as UserError;
  }
  expect(refusal).toBeInstanceOf(UserError);
  expect(refusal!.message).toContain(`${files.status} must hold the status of a run: state: `);
  expect(refusal!.remedy).toBe(
    `Remove ${files.status}: the same command goes on at the checkpoint of the run.`,
  );
  rmSync(files.status);
  const plan = () => planRun(first!.id, files, first!.config, readStoredRun(files), false);
  // Trained epochs without a checkpoint would be trained over.
  expect(plan).toThrow(/must have its checkpoint to go on after epoch 2, got none/);
  writeFileSync(files.checkpoint, '');
  expect(plan()).toBe('continue');
});

describe('spectra that are damaged', () => {
  const state = (): string[] =>
    [layout.spectra, layout.esd('seed=1'), layout.esd('seed=2')].map((path) =>
      existsSync(path) ? readFileSync(path, 'latin1') : '',
    );
  const HOW: Record<string, () => void> = {
    'spectra.csv cut off': () => cut(layout.spectra),
    'spectra.csv without its last line': () =>
      writeFileSync(layout.spectra, readFileSync(layout.spectra, 'utf8').replace(/.*\n$/, '')),
    'spectra.csv gone': () => rmSync(layout.spectra),
    'eigenvalues cut off': () => cut(layout.esd('seed=2')),
    'eigenvalues gone': () => rmSync(layout.esd('seed=2')),
  };

  it.each([
    ['spectra.csv', () => layout.spectra],
    ['eigenvalues', () => layout.esd('seed=2')],
  ])('are listed by status, where they are cut off: %s', (_, path) => {
    expect(experimentStatus(layout.dir).damage).toEqual([]);
    cut(path());
    expect(experimentStatus(layout.dir).damage).toEqual([expect.stringContaining(path())]);
  });

  it.each(Object.entries(HOW))('are computed again, which is said: %s', async (_, how) => {
    const before = state();
    how();
    const said = await analyze();
    expect(said.at(-1)).toMatch(
      /^computing the spectra of run seed=2, epochs .*2, again: .*(spectra.csv|esd)/,
    );
    expect(state()).toEqual(before);
    expect(await analyze()).toEqual([]);
  });

  it.each(Object.entries(HOW))('stay as they are where the snapshots are gone: %s', async (_, how) => {
    for (const run of experiment.runs) rmSync(layout.run(run.id).snapshots, { recursive: true });
    how();
    const before = state();
    await expect(analyze()).rejects.toThrow(/must be whole, for their snapshots are gone/);
    expect(state()).toEqual(before);
  });
});

describe('what a newer version wrote', () => {
  it('is not gone on with, and says that it is newer', () => {
    writeProvenance('99.0.0');
    expect(() => planRun(first!.id, files, first!.config, readStoredRun(files), false)).toThrow(
      /must be of phasewatch .* or an older version, got one of 99\.0\.0, which is newer/,
    );
    const config = JSON.parse(readFileSync(files.config, 'utf8'));
    writeFileSync(files.config, JSON.stringify({ ...config, invented: 1 }));
    expect(experimentStatus(layout.dir).damage).toEqual([expect.stringContaining('which is newer')]);
  });

  it.each(['esd', 'analysis'])('is not analyzed over: %s', async (what) => {
    const path = layout.esd('seed=1');
    const text = readFileSync(path, 'latin1');
    const newer = text.replace(new RegExp(`(phasewatch ${what} )\\d`), '$19');
    expect(newer).not.toBe(text);
    writeFileSync(path, newer, 'latin1');
    await expect(analyze()).rejects.toThrow(
      /must be of this version of phasewatch .*, got one of a newer version/,
    );
  });
});
