import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobScript } from '../../../src/run/slurm/jobScript.ts';
import { parseSlurmOptions } from '../../../src/run/slurm/slurmOptions.ts';

describe('the options of sbatch', () => {
  it('pass through by their long names, however yargs wrote them', () => {
    const given = {
      partition: 'gpu',
      'cpus-per-task': 4,
      cpusPerTask: 4,
      exclusive: true,
      requeue: false,
      array: '%8',
      pack: 3,
      timeouts: 5,
      analysis: { partition: 'cpu', memPerCpu: '4G' },
    };
    expect(parseSlurmOptions(given)).toEqual({
      pack: 3,
      timeouts: 5,
      sbatch: { partition: 'gpu', 'cpus-per-task': '4', exclusive: true, 'no-requeue': true, array: '%8' },
      analysis: { partition: 'cpu', 'mem-per-cpu': '4G' },
    });
    expect(parseSlurmOptions({})).toEqual({ pack: 1, timeouts: 20, sbatch: {}, analysis: {} });
  });

  it.each([
    [{ pack: 0 }, '--slurm.pack must be a whole number of at least 1, got 0'],
    [{ pack: true }, null],
    [{ timeouts: 0 }, null],
    [{ timeouts: -1 }, '--slurm.timeouts must be a whole number of at least 0, got -1'],
    [{ wait: true }, '--slurm.wait must not be given'],
    [{ partition: ['a', 'b'] }, '--slurm.partition must be given once, got 2 times: a, b'],
    [{ array: '0-3' }, '--slurm.array must be % and the number of tasks that may run at once, got 0-3'],
    [{ signal: 'TERM@60' }, '--slurm.signal must be B:USR2@<seconds before the end>, got TERM@60'],
    [{ comment: 'a\nb' }, '--slurm.comment must be one line of text, got "a\\nb"'],
    [{ 'a b': 'c' }, '--slurm.a b must be a long option of sbatch, got a b'],
    [{ gres: { gpu: 1 } }, '--slurm.gres must be one line of text, got {"gpu":1}'],
    [{ analysis: 'cpu' }, '--slurm.analysis must be followed by .OPTION, got cpu'],
    [{ analysis: { dependency: 'afterok:1' } }, '--slurm.analysis.dependency must not be given'],
  ])('that cannot be are refused: %j', (given, message) => {
    if (message === null) expect(parseSlurmOptions(given).pack).toBe(1);
    else expect(() => parseSlurmOptions(given)).toThrow(message);
  });
});

const input = {
  name: 'quick',
  logs: '/r/logs',
  tasks: 6,
  processors: 2,
  options: {},
  command: ['node', 'x'],
};

describe('the script of a job', () => {
  it('is an array that goes on when it is requeued', () => {
    expect(jobScript({ ...input, options: { partition: 'gpu', exclusive: true, array: '%4' } })).toBe(
      `#!/bin/sh
#SBATCH --job-name=quick
#SBATCH --output=/r/logs/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR2@120
#SBATCH --cpus-per-task=2
#SBATCH --partition=gpu
#SBATCH --exclusive
#SBATCH --array=0-5%4

exec node x "$SLURM_ARRAY_TASK_ID"
`,
    );
  });

  it('is a single job without tasks, and lets every option be changed', () => {
    const options = { 'job-name': 'mine', 'cpus-per-task': '8', 'no-requeue': true as const };
    const script = jobScript({ ...input, tasks: null, options });
    expect(script).not.toMatch(/array|ARRAY|--requeue|=quick|task=2/);
    expect(script).toMatch(/--job-name=mine\n.*%j\.log\n/);
    expect(script).toContain('#SBATCH --cpus-per-task=8\n');
    expect(script).toContain('#SBATCH --no-requeue\n');
  });

  it('quotes blanks, # and quotes for sbatch, and % in the folder', () => {
    const options = { comment: 'a "b" # c\\d' };
    const script = jobScript({ ...input, logs: '/my results/50%', options });
    expect(script).toContain('#SBATCH --output="/my results/50%%/%A_%a.log"\n');
    expect(script).toContain('#SBATCH --comment="a \\"b\\" # c\\\\d"\n');
  });

  it('hands any words to the program as they are', () => {
    const word = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
    const words = fc.sample(word, 300);
    const script = jobScript({ ...input, command: ['printf', '%s\\0', ...words] });
    const { stdout } = spawnSync('sh', ['-c', script], { env: { ...process.env, SLURM_ARRAY_TASK_ID: '4' } });
    expect(stdout).toEqual(Buffer.from([...words, '4'].map((one) => `${one}\0`).join('')));
  });
});
