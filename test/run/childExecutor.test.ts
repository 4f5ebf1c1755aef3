import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../src/experiment/config/schema.ts';
import { runLayout } from '../../src/experiment/results/layout.ts';
import type { RunEvent } from '../../src/experiment/status/runEvents.ts';
import { planRun, readStoredRun } from '../../src/experiment/status/runFolder.ts';
import { runInChildren } from '../../src/run/childExecutor.ts';
import type { ChildTask } from '../../src/run/childMessages.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-children-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SCRIPT = fileURLToPath(new URL('fakeChild.mjs', import.meta.url));
/** What fakeChild.mjs does for a seed. */
const ACTS = { finish: 1, crash: 2, killed: 3, fail: 4, hang: 5 } as const;

const task = (run: string, act: keyof typeof ACTS): ChildTask => ({
  run,
  dir: join(folder, run),
  config: parseRunConfig({ network: 'lenet5', dataset: 'mnist', seed: ACTS[act], epochs: 2 }),
  source: { config_file: 'a.yaml', overrides: [], command: 'run a.yaml' },
  threads: 1,
  device: null,
  gpuMemory: null,
});

async function execute(tasks: ChildTask[], options: { jobs?: number; failFast?: boolean } = {}) {
  const events: RunEvent[] = [];
  const ended = await runInChildren(tasks, {
    jobs: 2,
    failFast: false,
    signal: new AbortController().signal,
    ...options,
    program: SCRIPT,
    onEvent: (event) => events.push(event),
  });
  return { events, ended, states: [...ended].map(([run, { state }]) => `${run} ${state}`).sort() };
}

describe('runs in processes of their own', () => {
  it('end as their process says, and what it tells is passed on', async () => {
    const { events, states } = await execute([task('a', 'finish'), task('b', 'finish'), task('c', 'fail')]);
    expect(states).toEqual(['a done', 'b done', 'c failed']);
    const started = events.filter(({ type }) => type === 'run-started') as unknown as {
      pid: number;
      words: string[];
    }[];
    expect(new Set(started.map(({ pid }) => pid)).size).toBe(3);
    expect(started[0]!.words).toEqual(['train-one']);
    expect(events).toContainEqual({ type: 'run-finished', run: 'a' });
    expect(events.filter(({ type }) => type === 'run-failed')).toEqual([
      { type: 'run-failed', run: 'c', error: 'loss is NaN' },
    ]);
  });

  it('that crash fail alone, with what they said last; those that are killed are interrupted', async () => {
    const { events, ended, states } = await execute([
      task('d', 'crash'),
      task('e', 'killed'),
      task('f', 'finish'),
    ]);
    expect(states).toEqual(['d failed', 'e interrupted', 'f done']);
    expect(ended.get('d')!.error).toBe('its process ended with exit code 3: segmentation of the last line');
    expect(ended.get('e')!.error).toBe('its process was ended by SIGKILL (out of memory?)');
    const stored = readStoredRun(runLayout(join(folder, 'd')));
    expect(stored).toMatchObject({ config: { seed: ACTS.crash }, status: { state: 'failed', epochs: 2 } });
    expect(events.filter(({ type }) => type === 'run-failed')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'run-interrupted')).toMatchObject([{ run: 'e' }]);
    const killed = readStoredRun(runLayout(join(folder, 'e')))!;
    expect(planRun('e', runLayout(join(folder, 'e')), killed.config, killed, false)).toBe('continue');
    expect(readFileSync(join(folder, 'd', 'process.log'), 'utf8')).toContain('something\n');
  });

  it('are never more at a time than there are jobs', async () => {
    let running = 0;
    let most = 0;
    await runInChildren(
      ['g', 'h', 'i', 'j'].map((run) => task(run, 'finish')),
      {
        jobs: 2,
        failFast: false,
        signal: new AbortController().signal,
        program: SCRIPT,
        onEvent: ({ type }) => {
          if (type === 'run-started') most = Math.max(most, ++running);
          if (type === 'run-finished') running--;
        },
      },
    );
    expect(most).toBeLessThanOrEqual(2);
  });

  it('are not started any more after a failure with failFast', async () => {
    const { states } = await execute([task('k', 'crash'), task('l', 'finish')], { jobs: 1, failFast: true });
    expect(states).toEqual(['k failed']);
  });

  it('go on side by side until they are told of an interrupt; then no further one starts', async () => {
    const controller = new AbortController();
    let started = 0;
    const ended = await runInChildren([task('m', 'hang'), task('n', 'hang'), task('o', 'finish')], {
      jobs: 2,
      failFast: false,
      signal: controller.signal,
      program: SCRIPT,
      onEvent: ({ type }) => {
        if (type === 'run-started' && ++started === 2) controller.abort();
      },
    });
    expect([...ended].map(([run, { state }]) => `${run} ${state}`).sort()).toEqual([
      'm interrupted',
      'n interrupted',
    ]);
  });
});
