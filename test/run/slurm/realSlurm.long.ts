import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultsLayout } from '../../../src/experiment/results/layout.ts';
import { experimentStatus } from '../../../src/experiment/status/experimentStatus.ts';
import { verifyResults } from '../../../src/experiment/status/verifyResults.ts';
import { readSubmission, slurmLayout } from '../../../src/run/slurm/submission.ts';
import { submissionState } from '../../../src/run/slurm/taskStates.ts';
import { phasewatch } from '../../cli/phasewatchProcess.ts';
import { writeConfig } from '../../experiment/config/writtenConfig.ts';
import { endState } from '../endState.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const needed = ['slurmctld', 'slurmd', 'munged', 'sbatch'];
const missing = needed.filter((program) => spawnSync('which', [program]).status !== 0);
const reason =
  missing.length > 0
    ? `${missing.join(', ')} missing: apt-get install slurm-wlm munge`
    : process.getuid?.() === 0
      ? null
      : 'starting Slurm needs root';
if (reason !== null) console.log(`real Slurm: skipped, ${reason}`);

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-slurm-'));
const config = writeConfig(
  `network: lenet5
dataset: mnist
trainImages: 1500
testImages: 200
epochs: 4
sweep: { batchSize: [8, 32, 100], seed: [1, 2] }
`,
  'array.yaml',
);

function call(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
}

async function until(what: string, holds: () => boolean, minutes = 15): Promise<void> {
  for (const end = Date.now() + 60_000 * minutes; !holds(); await sleep(50)) {
    if (Date.now() > end) throw new Error(`${what}: not within ${minutes} min`);
  }
}

describe.skipIf(reason !== null)('an array of six runs on a real Slurm', () => {
  const out = join(folder, 'on slurm');
  const runs = ['b=8_seed=1', 'b=8_seed=2', 'b=32_seed=1', 'b=32_seed=2', 'b=100_seed=1', 'b=100_seed=2'];
  const submit = () =>
    phasewatch([
      'run',
      config,
      '--out',
      out,
      '--executor',
      'slurm',
      '--threads',
      '1',
      '--slurm.time',
      '60',
      '--json',
    ]);
  const epochOf = (run: string): number => experimentStatus(out).runs.find((one) => one.run === run)!.epoch;
  const log = (job: string): string => {
    const path = join(slurmLayout(out).logs, `${job}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const isOver = (): boolean => !submissionState(readSubmission(out)!).active;

  beforeAll(() => {
    process.env.SLURM_CONF = join(folder, 'slurm.conf');
    call(here('startSlurm.sh'), folder);
  });
  afterAll(() => {
    call(here('stopSlurm.sh'), folder);
    rmSync(folder, { recursive: true, force: true });
  });

  it('of which one is killed, one requeued and one out of time: all finish, equal to local ones', async () => {
    const local = join(folder, 'local');
    const { code } = await phasewatch(['run', config, '--out', local, '--threads', '1', '--quiet']);
    expect(code).toBe(0);

    const first = JSON.parse((await submit()).stdout);
    expect(first.tasks).toEqual(runs.map((run) => [run]));
    const job = first.train_job;
    const task = (number: number): string => `${job}_${number}`;

    await until('the first epoch of task 0', () => epochOf(runs[0]!) >= 1);
    call('scancel', task(0));
    await until('the first epoch of task 1', () => epochOf(runs[1]!) >= 1);
    call('scontrol', 'requeue', task(1));
    await until('the first epoch of task 2', () => epochOf(runs[2]!) >= 1);
    // What Slurm sends a task by --signal some time before its limit. Not waited for: scancel tries again while the task requeues itself.
    const signalling = spawn('scancel', ['--batch', '--signal=USR2', task(2)], { stdio: 'ignore' });
    await until('the warning to task 2', () => log(task(2)).includes('the time is nearly up'));
    signalling.kill();
    await until('the end of the other tasks', () => {
      // Slurm lets a requeued task wait two minutes; the test need not.
      for (const number of [1, 2])
        spawnSync('scontrol', ['update', `jobid=${task(number)}`, 'starttime=now']);
      return isOver();
    });

    const state = submissionState(readSubmission(out)!);
    const stopped = experimentStatus(out, Date.now(), state.tasks);
    expect(stopped.runs.map(({ state }) => state)).toEqual([
      'interrupted',
      'done',
      'done',
      'done',
      'done',
      'done',
    ]);
    expect(stopped.runs[0]!.error).toContain(`task ${task(0)} ended as CANCELLED`);
    expect(log(task(0))).toContain('told to end');
    expect(log(task(1))).toContain('goes on after epoch');
    expect(log(task(2))).toContain('the time is nearly up');
    expect(log(task(2))).toContain('goes on after epoch');
    expect(state.analysis!.state).toBe('COMPLETED');

    const second = JSON.parse((await submit()).stdout);
    expect(second.tasks).toEqual([[runs[0]]]);
    await until('the end of the second array', isOver);
    expect(experimentStatus(out)).toMatchObject({ done: 6 });
    expect(log(`${second.train_job}_0`)).toContain('goes on after epoch');
    expect(endState(out)).toEqual(endState(local));
    expect(existsSync(resultsLayout(out).report)).toBe(true);
    expect(verifyResults(out).problems).toEqual([]);
  });

  it('cancelled, keeps its checkpoints', async () => {
    const cancelled = join(folder, 'cancelled');
    const words = [
      'run',
      config,
      '--out',
      cancelled,
      '--executor',
      'slurm',
      '--threads',
      '1',
      '--slurm.pack',
      '3',
    ];
    expect((await phasewatch(words)).code).toBe(0);
    await until('an epoch', () => experimentStatus(cancelled).runs.some(({ epoch }) => epoch >= 1));
    expect((await phasewatch(['cancel', cancelled])).code).toBe(0);
    await until('the end', () => !submissionState(readSubmission(cancelled)!).active);
    await until('the end of the processes', () => experimentStatus(cancelled).running === 0);
    const [ended] = experimentStatus(cancelled).runs.filter(({ epoch }) => epoch >= 1);
    expect(ended!.state).toBe('interrupted');
    expect(existsSync(resultsLayout(cancelled).run(ended!.run).checkpoint)).toBe(true);
  });
});
