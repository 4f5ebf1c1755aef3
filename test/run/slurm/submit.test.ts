import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../src/cli/commandLine.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { submittedWork } from '../../../src/run/slurm/runSubmitted.ts';
import { readSubmission, slurmLayout } from '../../../src/run/slurm/submission.ts';
import { type SubmitOptions, submitExperiment } from '../../../src/run/slurm/submitExperiment.ts';
import { writeConfig } from '../../experiment/config/writtenConfig.ts';
import { resultsFolder, writeRun } from '../../experiment/status/resultsFixture.ts';
import { type FakeSlurm, fakeSlurm } from './fakeSlurm.ts';

const config = writeConfig(
  'network: lenet5\ndataset: mnist\nepochs: 4\nsweep: { seed: [1, 2, 3, 4, 5] }',
  'submitted.yaml',
);
const options: SubmitOptions = {
  slurm: { pack: 1, timeouts: 20, sbatch: {}, analysis: {} },
  program: fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url)),
  jobs: 1,
  threads: null,
  device: null,
  retry_failed: false,
  fail_fast: false,
  tensorboard: false,
  train_only: false,
  onMessage: () => {},
};

const path = process.env.PATH!;
let slurm: FakeSlurm;
let dir: string;
let experiment: ReturnType<typeof loadExperiment>;
beforeEach(() => {
  slurm = fakeSlurm();
  process.env.PATH = `${slurm.bin}:${path}`;
  dir = resultsFolder(loadExperiment(config)).dir;
  experiment = loadExperiment(config, { out: dir });
});
afterEach(() => {
  process.env.PATH = path;
});

describe('submitting to Slurm', () => {
  it('is an array job and an analysis that waits for it', async () => {
    const sbatch = { partition: 'gpu', array: '%2', dependency: 'singleton' };
    const submission = await submitExperiment(experiment, {
      ...options,
      slurm: { pack: 2, timeouts: 3, sbatch, analysis: { partition: 'cpu' } },
      jobs: 2,
      threads: 3,
    });
    expect(submission).toMatchObject({
      train_job: '101',
      analysis_job: '102',
      timeouts: 3,
      tasks: [['seed=1', 'seed=4'], ['seed=2', 'seed=5'], ['seed=3']],
    });
    expect(readSubmission(dir)).toEqual(submission);
    const files = slurmLayout(dir);
    expect(slurm.calls()).toEqual([
      `sbatch --parsable ${files.trainScript}`,
      `sbatch --parsable --dependency=afterany:101 ${files.analysisScript}`,
    ]);
    const train = readFileSync(files.trainScript, 'utf8');
    for (const line of ['partition=gpu', 'array=0-2%2', 'dependency=singleton', 'cpus-per-task=6']) {
      expect(train).toContain(`#SBATCH --${line}\n`);
    }
    expect(train).toContain(`main.ts slurm-task ${dir} train "$SLURM_ARRAY_TASK_ID"\n`);
    const analysis = readFileSync(files.analysisScript, 'utf8');
    expect(analysis).toContain('#SBATCH --partition=cpu\n');
    expect(analysis).not.toMatch(/array|dependency/);
    expect(analysis).toContain(`main.ts slurm-task ${dir} analyze\n`);
  });

  it('gives each task its runs', async () => {
    await submitExperiment(experiment, { ...options, slurm: { ...options.slurm, pack: 2 } });
    const ids = (task: number | null) => submittedWork(dir, task).experiment.runs.map(({ id }) => id);
    expect(ids(0)).toEqual(['seed=1', 'seed=4']);
    expect(ids(2)).toEqual(['seed=3']);
    expect(ids(null)).toHaveLength(5);
    expect(submittedWork(dir, 0).experiment.configPath).toBe(config);
    expect(() => ids(3)).toThrow('task must be 0 to 2, got 3');
  });

  it('leaves finished runs out, and submits the analysis alone when all are', async () => {
    const layout = resultsFolder(experiment);
    const again = loadExperiment(config, { out: layout.dir });
    const [first, ...others] = again.runs;
    for (const run of others) writeRun(layout, run, 4, { state: 'done' });
    expect(await submitExperiment(again, options)).toMatchObject({
      tasks: [['seed=1']],
      analysis_job: '102',
    });
    writeRun(layout, first!, 4, { state: 'done' });
    const last = await submitExperiment(again, options);
    expect(last).toMatchObject({ tasks: [], train_job: null, analysis_job: '103' });
    expect(slurm.calls().at(-1)).toBe(`sbatch --parsable ${slurmLayout(layout.dir).analysisScript}`);
  });

  it('is refused while its jobs are still to run, and possible again after them', async () => {
    await submitExperiment(experiment, options);
    slurm.answer('squeue', '101_0|COMPLETED|None|n1\n101_1|PENDING|Priority|\n102|PENDING|Dependency|\n');
    await expect(submitExperiment(experiment, options)).rejects.toThrow(
      `results folder must not be in use, got ${dir}: Slurm has jobs 101 and 102 for it`,
    );
    slurm.answer('squeue', '101_0|COMPLETED|None|n1\n');
    expect((await submitExperiment(experiment, options)).train_job).toBe('103');
    slurm.fail('squeue', 'slurm_load_jobs error: Invalid job id specified');
    expect((await submitExperiment(experiment, options)).train_job).toBe('105');
    slurm.fail('squeue', 'slurm_load_jobs error: Unable to contact slurm controller');
    await expect(submitExperiment(experiment, options)).rejects.toThrow('Unable to contact slurm controller');
  });

  it('takes the array back where the analysis is refused', async () => {
    slurm.fail('sbatch', 'sbatch: error: invalid partition specified: cpu', 'analysis.sh');
    await expect(submitExperiment(experiment, options)).rejects.toThrow(
      'sbatch must succeed, got: sbatch: error: invalid partition specified: cpu',
    );
    expect(slurm.calls().at(-1)).toBe('scancel 101');
  });

  it('says what is missing where there is no Slurm, and how an array that is too long is packed', async () => {
    slurm.fail('sbatch', 'sbatch: error: Batch job submission failed: Invalid job array specification');
    await expect(submitExperiment(experiment, options)).rejects.toMatchObject({
      remedy: expect.stringContaining('--slurm.pack'),
    });
    const empty = `${slurm.bin}-none`;
    mkdirSync(empty);
    process.env.PATH = empty;
    await expect(submitExperiment(experiment, options)).rejects.toThrow(
      'sbatch must be on PATH to use Slurm, got none',
    );
  });
});

/** Runs a command in this process and returns what it said. */
async function phasewatch(words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { code: 0, stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text;
      return true;
    }),
  );
  try {
    await runCommandLine(words);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  said.code = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return said;
}

describe('the commands', () => {
  it('submit, tell the status and cancel', async () => {
    const words = [
      '--out',
      dir,
      '--executor',
      'slurm',
      '--slurm.account',
      '1e3',
      '--slurm.cpus-per-task',
      '4',
    ];
    const submitted = await phasewatch(['run', config, ...words, '--slurm.exclusive', '--json']);
    expect(submitted.stderr).not.toContain('phasewatch:');
    expect(JSON.parse(submitted.stdout)).toMatchObject({ train_job: '101', analysis_job: '102', out: dir });
    const script = readFileSync(slurmLayout(dir).trainScript, 'utf8');
    expect(script).toMatch(/--cpus-per-task=4\n/);
    expect(script).toMatch(/--account=1e3\n/);
    expect(script).toMatch(/--exclusive\n/);

    slurm.answer('squeue', '101_0|PENDING|Resources|\n102|PENDING|Dependency|\n');
    const status = await phasewatch(['status', dir]);
    expect(status.stdout).toMatch(/seed=1 .*101_0 PENDING \(Resources\)/);
    expect(status.stdout).toContain('Slurm: array job 101, analysis job 102 PENDING (Dependency)');
    const stray = await phasewatch(['run', config, '--slurm.partition', 'gpu']);
    expect(stray.stderr).toContain('--slurm.partition must be given with --executor slurm');
    const local = await phasewatch(['run', config, '--out', dir]);
    expect(local.code).toBe(2);
    expect(local.stderr).toContain('Slurm has jobs 101 and 102 for it');

    const auto = await phasewatch(['run', config, ...words, '--jobs', 'auto']);
    expect(auto.stderr).toContain('--jobs must be a number with --executor slurm, got auto');
    const cancelled = await phasewatch(['cancel', dir]);
    expect(cancelled.stdout).toContain('Cancelled 101 and 102');
    expect(slurm.calls().at(-1)).toBe('scancel 101 102');
    slurm.answer('squeue', '101_0|COMPLETED|None|n1\n102|PENDING|Resources|\n');
    expect((await phasewatch(['cancel', dir])).stdout).toContain('Cancelled 102.');
    slurm.answer('squeue', '');
    expect((await phasewatch(['cancel', dir])).stdout).toContain(
      'Nothing to cancel: 101 and 102 ended before.',
    );
  });
});
