import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { resultsLayout } from '../../../src/experiment/results/layout.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { runExperiment } from '../../../src/run/runExperiment.ts';
import { writeConfig } from '../../experiment/config/writtenConfig.ts';

const out = mkdtempSync(join(tmpdir(), 'phasewatch-mixed-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

it('measures networks of dense layers alone and others in one sweep, which each by itself would load another engine', async () => {
  const config = writeConfig(`network: lenet5
dataset: mnist
trainImages: 64
testImages: 32
batchSize: 32
epochs: 1
snapshots: { network: true, layers: [fc2] }
sweep: { network: [lenet5, mlp3] }
`);
  const { runs, report } = await runExperiment(loadExperiment(config, { set: [], out }), {
    outDir: out,
    trainOnly: false,
    program: null,
    retryFailed: false,
    failFast: false,
    jobs: 1,
    threads: 2,
    device: null,
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  expect(runs.map(({ error }) => error)).toEqual([null, null]);
  expect(report).not.toBeNull();
  for (const { run } of runs) expect(existsSync(resultsLayout(out).truncated(run))).toBe(true);
});
