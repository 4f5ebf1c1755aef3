import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { readProvenance } from '../../src/experiment/results/provenance.ts';
import type { RunEvent } from '../../src/experiment/status/runEvents.ts';
import { verifyResults } from '../../src/experiment/status/verifyResults.ts';
import { loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { runExperiment } from '../../src/run/runExperiment.ts';
import { analyzeSubmitted, submittedWork, trainSubmitted } from '../../src/run/slurm/runSubmitted.ts';
import { type Submission, writeSubmission } from '../../src/run/slurm/submission.ts';
import { workOnSweep } from '../../src/run/workOnSweep.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';
import { endState } from './endState.ts';
import { SMALL_SWEEP } from './smallSweep.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-finish-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const out = (name: string): string => join(folder, name);

// Processes that the workers start are of TypeScript, as this one.
const words = [...process.execArgv];
beforeAll(() => process.execArgv.push('--import', 'tsx'));
afterAll(() => {
  process.execArgv.splice(0, process.execArgv.length, ...words);
});

const config = writeConfig(
  `${SMALL_SWEEP}snapshots: { network: true, layers: [fc1, fc2] }
analysis: { randomize: 1 }
`,
  'finish.yaml',
);
const load = (dir: string, set: string[] = []) => loadExperiment(config, { set, out: dir });

let truncated: number;
afterEach(() => {
  truncated = 0;
});
const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const common = (dir: string) => ({
  outDir: dir,
  trainOnly: false,
  program: null,
  retryFailed: false,
  failFast: false,
  jobs: 1,
  threads: 1,
  device: null,
  signal: new AbortController().signal,
  onEvent: ({ type }: RunEvent): void => {
    if (type === 'truncate') truncated++;
  },
});

const run = (dir: string, set: string[] = []) => runExperiment(load(dir, set), common(dir));
const work = (dir: string) => workOnSweep(dir, { ...common(dir), plan: null, program, pollMs: 20 });

/** A sweep as `run --executor slurm` leaves it to the jobs. */
function submit(dir: string, tasks: Submission['tasks']): void {
  const experiment = load(dir);
  writeSubmission(dir, {
    config_file: experiment.configPath,
    overrides: [],
    submitted_at: 'then',
    tasks,
    jobs: 1,
    threads: 1,
    device: null,
    retry_failed: false,
    fail_fast: false,
    tensorboard: false,
    timeouts: 20,
    train_only: false,
    train_job: null,
    analysis_job: null,
  });
  writeFileSync(resultsLayout(dir).experiment, experiment.resolvedYaml);
}

/** Names of all files but those that tell how the training was shared out. */
const names = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/^slurm|executor\.json$|process\.log$/.test(name))
    .sort();

describe('what follows the training', () => {
  const whole = out('whole');
  beforeAll(async () => {
    await run(whole);
  });

  function expectLike(dir: string): void {
    expect(names(dir)).toEqual(names(whole));
    expect(endState(dir)).toEqual(endState(whole));
    expect(verifyResults(dir).problems).toEqual([]);
  }

  it('leaves the same files by workers as by `run`', async () => {
    const dir = out('workers');
    const plan = load(dir);
    const options = { ...common(dir), plan, program, pollMs: 20 };
    const outcomes = await Promise.all([workOnSweep(dir, options), workOnSweep(dir, options)]);
    expectLike(dir);
    expect(existsSync(resultsLayout(dir).truncated('lr=0.01'))).toBe(true);
    expect(outcomes.map(({ report }) => report)).toEqual(Array(2).fill(resultsLayout(dir).report));
    const sources = [dir, whole].map(
      (each) => readProvenance(resultsLayout(each).run('lr=0.01'))!.sessions[0]!.config_file,
    );
    expect(sources[0]).toBe(sources[1]);
    // One that comes later finds nothing to do.
    const report = readFileSync(resultsLayout(dir).report);
    truncated = 0;
    await work(dir);
    expect(truncated).toBe(0);
    expect(readFileSync(resultsLayout(dir).report)).toEqual(report);
    // A run that ended after the report, if only by failing, is not in it.
    const written = statSync(resultsLayout(dir).report).mtime;
    const later = new Date(written.getTime() + 1);
    utimesSync(resultsLayout(dir).run('lr=0.01').status, later, later);
    await work(dir);
    expect(statSync(resultsLayout(dir).report).mtime.getTime()).toBeGreaterThan(written.getTime());
  });

  it('leaves the same files by jobs of Slurm as by `run`', async () => {
    const dir = out('slurm');
    submit(dir, [['lr=0.02'], ['lr=0.01']]);
    for (const task of [0, 1]) await trainSubmitted(submittedWork(dir, task), common(dir));
    await analyzeSubmitted(submittedWork(dir, null), common(dir));
    expectLike(dir);
  });

  it('adds the layers that are asked for since, by workers and by jobs of Slurm', async () => {
    for (const goOn of [work, (dir: string) => analyzeSubmitted(submittedWork(dir, null), common(dir))]) {
      const dir = mkdtempSync(join(folder, 'added-'));
      await run(dir, ['snapshots.layers=["fc1"]']);
      submit(dir, []);
      await goOn(dir);
      expectLike(dir);
    }
  });
});
