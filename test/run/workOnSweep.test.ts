import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import type { RunEvent } from '../../src/experiment/status/runEvents.ts';
import { loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { type WorkOptions, type WorkOutcome, workOnSweep } from '../../src/run/workOnSweep.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-work-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let dir: string;
let notes: string[];
beforeEach(() => {
  dir = mkdtempSync(join(folder, 'results-'));
  notes = [];
});

const config = writeConfig(
  'network: lenet5\ndataset: mnist\nepochs: 1\nsweep: { batchSize: [2, 64], seed: [1, 2, 3] }',
  'work.yaml',
);
const plan = (set: string[] = []) => loadExperiment(config, { set, out: dir });

function work(changed: Partial<WorkOptions> = {}): Promise<WorkOutcome> {
  return workOnSweep(dir, {
    plan: plan(),
    threads: 1,
    device: null,
    program: fileURLToPath(new URL('fakeTraining.mjs', import.meta.url)),
    signal: new AbortController().signal,
    onEvent: (event: RunEvent) => {
      if (event.type === 'note') notes.push(event.message);
    },
    pollMs: 20,
    ...changed,
  });
}

const log = (): string[] => readFileSync(join(dir, 'trained.log'), 'utf8').trimEnd().split('\n');
const begun = (): string[] => log().filter((line) => line.startsWith('begins'));
const ids = (): string[] => plan().runs.map(({ id }) => id);

/** The claim of a worker as `holder` says, on a run. */
function claim(run: string, holder: { pid: number; host?: string }): string {
  const path = join(resultsLayout(dir).run(run).dir, '.claim');
  mkdirSync(resultsLayout(dir).run(run).dir, { recursive: true });
  writeFileSync(path, JSON.stringify({ process_start: '1', host: hostname(), since: 'then', ...holder }));
  return path;
}

describe('workers of one sweep', () => {
  it('train every run once, the longest first, and leave a report and no claims', async () => {
    const outcomes = await Promise.all([work(), work(), work()]);
    expect(begun().sort()).toEqual(
      ids()
        .map((id) => `begins ${id}`)
        .sort(),
    );
    // Steps of two images take longest.
    expect(begun()[0]).toContain('b=2');
    expect(begun().at(-1)).toContain('b=64');
    for (const { runs, report } of outcomes) {
      expect(runs.every(({ state }) => state === 'done')).toBe(true);
      expect(report).toBe(resultsLayout(dir).report);
    }
    const trained = outcomes.flatMap(({ runs }) => runs.filter((run) => run.trained).map(({ run }) => run));
    expect(trained.sort()).toEqual(ids().sort());
    expect(existsSync(resultsLayout(dir).report)).toBe(true);
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /\.(claim|lock|tmp)/.test(name))).toEqual([]);
  });

  it('take over what a dead one held', async () => {
    const stale = claim('b=2_seed=1', { pid: 2 ** 30 });
    await work();
    expect(begun()).toHaveLength(6);
    expect(existsSync(stale)).toBe(false);
  });

  it('wait for what a living one holds, wherever it is, and train it when that has gone', async () => {
    const held = claim('b=64_seed=2', { pid: 7, host: 'another-node' });
    const working = work();
    while (!notes.some((note) => note.startsWith('waiting: '))) await sleep(10);
    expect(begun()).toHaveLength(5);
    rmSync(held);
    const { runs } = await working;
    expect(begun().at(-1)).toBe('begins b=64_seed=2');
    expect(runs.every(({ state }) => state === 'done')).toBe(true);
    expect(notes.filter((note) => note.startsWith('waiting: '))).toHaveLength(1);
  });

  it('do not try a run over and over whose process is killed each time', async () => {
    const set = ['sweep.seed=1,666'];
    const { runs, report } = await work({ plan: plan(set) });
    expect(begun().filter((line) => line.endsWith('seed=666'))).toHaveLength(2);
    expect(runs.map(({ state }) => state)).toEqual(['done', 'interrupted', 'done', 'interrupted']);
    expect(report).toBe(null);
  });

  it('agree on the threads of a run, and refuse a folder without a sweep or with another', async () => {
    await expect(work({ plan: null })).rejects.toThrow(/^results folder must hold a planned sweep, got /);
    await work();
    await work({ threads: null, plan: null });
    expect(JSON.parse(readFileSync(resultsLayout(dir).executor, 'utf8'))).toMatchObject({ threads: 1 });
    await expect(work({ plan: plan(['sweep.seed=1']) })).rejects.toThrow(
      /experiment\.yaml must be of the config that is given, got another sweep$/,
    );
    expect(begun()).toHaveLength(6);
  });

  it('begin nothing when they are told to end', async () => {
    const end = new AbortController();
    end.abort();
    await expect(work({ signal: end.signal })).rejects.toThrow(/abort/i);
    expect(existsSync(join(dir, 'trained.log'))).toBe(false);
  });
});
