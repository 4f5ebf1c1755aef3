import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { experimentStatus, type SchedulerTask } from '../../../src/experiment/status/experimentStatus.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { threadsOfTask } from '../../../src/run/slurm/runSubmitted.ts';
import { parseSacct, parseSqueue } from '../../../src/run/slurm/taskStates.ts';
import { jobOfTask } from '../../../src/run/slurm/timeLimit.ts';
import { writeConfig } from '../../experiment/config/writtenConfig.ts';
import { resultsFolder, writeRun } from '../../experiment/status/resultsFixture.ts';

describe('what Slurm prints', () => {
  it('squeue', () => {
    const text =
      '12_2|PENDING|Resources|\n12_0|RUNNING|None|n1\n13|PENDING|Dependency|\n12_1|CANCELLED|None|n2\n';
    expect(parseSqueue(text)).toEqual([
      { job: '12_2', state: 'PENDING', active: true, reason: 'Resources', nodes: null },
      { job: '12_0', state: 'RUNNING', active: true, reason: null, nodes: 'n1' },
      { job: '13', state: 'PENDING', active: true, reason: 'Dependency', nodes: null },
      { job: '12_1', state: 'CANCELLED', active: false, reason: null, nodes: 'n2' },
    ]);
    expect(parseSqueue('')).toEqual([]);
  });

  it('sacct', () => {
    expect(
      parseSacct('12_0|CANCELLED by 1000|n1\n12_1|OUT_OF_MEMORY|n2\n12_[2-5]|PENDING|None assigned\n'),
    ).toEqual([
      { job: '12_0', state: 'CANCELLED', active: false, reason: 'by 1000', nodes: 'n1' },
      { job: '12_1', state: 'OUT_OF_MEMORY', active: false, reason: null, nodes: 'n2' },
      { job: '12_[2-5]', state: 'PENDING', active: true, reason: null, nodes: null },
    ]);
  });
});

describe('a task', () => {
  it('knows itself by array and number', () => {
    const env = { SLURM_JOB_ID: '12', SLURM_ARRAY_JOB_ID: '12', SLURM_ARRAY_TASK_ID: '5' };
    expect(jobOfTask(env)).toBe('12_5');
    expect(jobOfTask({ SLURM_JOB_ID: '13' })).toBe('13');
    expect(jobOfTask({})).toBeNull();
  });

  it('shares the processors that it was given among its jobs', () => {
    expect(threadsOfTask(2, { SLURM_CPUS_PER_TASK: '8', SLURM_CPUS_ON_NODE: '64' })).toBe(4);
    expect(threadsOfTask(3, { SLURM_CPUS_ON_NODE: '2' })).toBe(1);
    expect(threadsOfTask(1, {})).toBeNull();
  });
});

const experiment = loadExperiment(writeConfig('network: lenet5\ndataset: mnist\nepochs: 4', 'task.yaml'));
const run = experiment.runs[0]!;
const deadPid = spawnSync('true').pid;
const task = (state: string, active: boolean): SchedulerTask => ({
  job: '12_0',
  state,
  active,
  reason: null,
  nodes: null,
});

describe('the status of a run with a task', () => {
  const elsewhere = { pid: deadPid, host: 'elsewhere' };
  it.each([
    ['running', elsewhere, task('RUNNING', true), 'running', null],
    ['running', elsewhere, task('OUT_OF_MEMORY', false), 'interrupted', 'task 12_0 ended as OUT_OF_MEMORY'],
    ['running', elsewhere, task('PENDING', true), 'waiting', null],
    ['running', elsewhere, task('FORGOTTEN', false), 'interrupted', 'task 12_0 ended as FORGOTTEN'],
    // Trained by a command on this machine after the task had ended.
    ['running', { pid: process.pid, host: hostname() }, task('CANCELLED', false), 'running', null],
    ['running', { pid: deadPid, host: hostname() }, task('RUNNING', true), 'interrupted', null],
    ['interrupted', elsewhere, task('PENDING', true), 'waiting', null],
    ['interrupted', elsewhere, task('CANCELLED', false), 'interrupted', 'task 12_0 ended as CANCELLED'],
    ['done', elsewhere, task('CANCELLED', false), 'done', null],
    ['failed', elsewhere, task('RUNNING', true), 'failed', null],
  ] as const)('%s by its files on %o, %o: %s', (state, where, said, expected, error) => {
    const layout = resultsFolder(experiment);
    const epoch = state === 'done' ? run.config.epochs : 2;
    writeRun(layout, run, epoch, { state, ...where });
    const status = experimentStatus(layout.dir, Date.now(), new Map([[run.id, said]]));
    expect(status.runs[0]).toMatchObject({ state: expected, epoch, task: said });
    if (state !== 'failed' && !(expected === 'running' && error === null))
      expect(status.runs[0]!.error).toBe(error);
  });

  it('says why nothing of it is there', () => {
    const { dir } = resultsFolder(experiment);
    const status = experimentStatus(dir, Date.now(), new Map([[run.id, task('NODE_FAIL', false)]]));
    expect(status.runs[0]).toMatchObject({ state: 'waiting', error: 'task 12_0 ended as NODE_FAIL' });
  });
});
