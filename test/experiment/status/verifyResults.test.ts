import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LiveAnalysis } from '../../../src/analyze/liveAnalysis.ts';
import { CHECKSUMS_FILE } from '../../../src/base/files/checksums.ts';
import { loadDataset } from '../../../src/experiment/data/loadDataset.ts';
import type { ResultsLayout } from '../../../src/experiment/results/layout.ts';
import { type Environment, openSession, readProvenance } from '../../../src/experiment/results/provenance.ts';
import { verifyResults } from '../../../src/experiment/status/verifyResults.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { writeConfig } from '../config/writtenConfig.ts';
import { resultsFolder, writeRun } from './resultsFixture.ts';

const experiment = loadExperiment(
  writeConfig('network: lenet5\ndataset: mnist\nepochs: 2\nsweep: { seed: [1, 2] }', 'verified.yaml'),
);
const environment: Environment = {
  phasewatch: '1.2.3',
  node: '20.0.0',
  tensorflow: '2.21.0',
  tfjs: '4.22.0',
  git: null,
  host: 'here',
  platform: 'linux',
  cpu: 'fast',
  cores: 2,
  memory_bytes: 1e9,
  gpu: false,
  fused_operators: null,
  device: null,
  threads: null,
};
const source = { config_file: 'verified.yaml', overrides: [], command: 'run verified.yaml' };
const mnist = loadDataset('mnist', { trainImages: 1, testImages: 1 }).checksum;
let layout: ResultsLayout;

beforeEach(() => {
  layout = resultsFolder(experiment);
  for (const run of experiment.runs) {
    const files = layout.run(run.id);
    const close = openSession(files, { source, environment, datasetSha256: mnist });
    writeRun(layout, run, 2, { state: 'done' });
    close({ state: 'done', epoch: 2 });
  }
});

const problems = () => verifyResults(layout.dir).problems.map(({ path, problem }) => `${path}: ${problem}`);

describe('provenance', () => {
  it('keeps a session for every process that trained the run', () => {
    const files = layout.run('seed=1');
    openSession(files, { source, environment, datasetSha256: mnist })({ state: 'interrupted', epoch: 1 });
    expect(readProvenance(files)).toMatchObject({
      dataset_sha256: mnist,
      sessions: [
        { state: 'done', epoch: 2, phasewatch: '1.2.3', command: 'run verified.yaml' },
        { state: 'interrupted', epoch: 1 },
      ],
    });
  });

  it('shows a session that was killed as not finished', () => {
    const files = layout.run('seed=1');
    openSession(files, { source, environment, datasetSha256: mnist });
    expect(readProvenance(files)!.sessions.at(-1)).toMatchObject({
      state: 'running',
      finished_at: null,
      epoch: null,
    });
  });

  it('writes checksums that sha256sum reads', () => {
    const lines = readFileSync(join(layout.run('seed=1').dir, CHECKSUMS_FILE), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => line.slice(66))).toEqual([
      'config.json',
      'metrics.csv',
      'provenance.json',
      'snapshots/epoch-000.safetensors',
      'snapshots/epoch-001.safetensors',
      'snapshots/epoch-002.safetensors',
    ]);
    for (const line of lines) expect(line).toMatch(/^[0-9a-f]{64} {2}\S/);
  });
});

describe('verify', () => {
  it('finds nothing in what is as it was written', () => {
    expect(verifyResults(layout.dir)).toMatchObject({ files: 12, problems: [], remarks: [] });
  });

  it('finds a changed bit', () => {
    const path = layout.run('seed=1').snapshot(1);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    expect(problems()).toEqual([
      'runs/seed=1/snapshots/epoch-001.safetensors: is not as it was written: its checksum differs',
    ]);
  });

  it('finds a missing file', () => {
    rmSync(layout.run('seed=2').snapshot(2));
    expect(problems()).toContain('runs/seed=2/snapshots/epoch-002.safetensors: is missing');
  });

  it('finds a run that is not the one of experiment.yaml', () => {
    const other = loadExperiment(layout.experiment, { set: ['learningRate=0.5'] });
    writeFileSync(layout.experiment, other.resolvedYaml);
    expect(problems()).toEqual(
      ['seed=1', 'seed=2'].map(
        (run) => `runs/${run}/config.json: is not the run that experiment.yaml has under this name`,
      ),
    );
  });

  it('finds other data', () => {
    const files = layout.run('seed=1');
    openSession(files, { source, environment, datasetSha256: 'f'.repeat(64) })({ state: 'done', epoch: 2 });
    expect(problems()).toEqual([
      'runs/seed=1/provenance.json: was trained on another mnist than the one here',
    ]);
  });

  it('finds a metrics.csv that lacks an epoch', () => {
    const files = layout.run('seed=1');
    const lines = readFileSync(files.metrics, 'utf8').trimEnd().split('\n');
    writeFileSync(files.metrics, `${[...lines.slice(0, 2), ...lines.slice(3)].join('\n')}\n`);
    expect(problems()).toContain('runs/seed=1/metrics.csv: must have the epochs 0 to 2, got 0, 2');
  });

  it('does not compare a run that is not finished, and says so', () => {
    writeRun(layout, experiment.runs[0]!, 1, { state: 'interrupted' });
    appendFileSync(layout.run('seed=1').metrics, '\n');
    const { problems, remarks } = verifyResults(layout.dir);
    expect(problems).toEqual([]);
    expect(remarks).toEqual(['seed=1 is not finished (interrupted): its files were not compared']);
  });

  it('does not miss spectra that grow while runs train, and does when they have ended', async () => {
    const live = new LiveAnalysis(layout, {
      order: experiment.runs.map(({ id }) => id),
      analysis: experiment.analysis,
      algebra: typescriptLinearAlgebra,
      signal: new AbortController().signal,
    });
    await live.update('seed=1');
    rmSync(layout.run('seed=1').snapshot(0));
    writeRun(layout, experiment.runs[0]!, 1, { state: 'running' });
    const { problems: none, remarks } = verifyResults(layout.dir);
    expect(none).toEqual([]);
    expect(remarks).toContain(
      'runs are not finished: spectra.csv and esd/, which grow with them, were not compared',
    );
    writeRun(layout, experiment.runs[0]!, 2, { state: 'done' });
    expect(problems()).toContain('SHA256SUMS: is missing: nothing in this folder can be compared');
  });

  it('does not miss removed weights where that is allowed', () => {
    rmSync(layout.run('seed=1').snapshots, { recursive: true });
    expect(problems()).toHaveLength(6);
    expect(verifyResults(layout.dir, { weights: false }).problems).toEqual([]);
  });
});
