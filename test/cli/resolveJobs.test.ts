import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { resolveJobs } from '../../src/cli/resolveJobs.ts';
import { rememberSpeeds } from '../../src/experiment/plan/speedCache.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { storeChoice } from '../../src/experiment/status/executorFile.ts';
import { loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-jobs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
beforeEach(() => void vi.stubEnv('PHASEWATCH_CACHE', join(folder, `cache-${made++}`)));

const config = writeConfig(
  'network: lenet5\ndataset: mnist\nepochs: 4\nsweep: { batchSize: [2, 4, 8, 16, 32, 64] }\n',
  'jobs.yaml',
);
const cores = (allowed: number, available = allowed) => ({ allowed, available });
const experiment = (set: string[] = [], out = join(folder, String(made++))) =>
  loadExperiment(config, { set, out });

type Args = Parameters<typeof resolveJobs>[1];
const args = (given: Partial<Args> = {}): Args => ({
  jobs: undefined,
  threads: undefined,
  device: undefined,
  ...given,
});
const text = (resolved: ReturnType<typeof resolveJobs>): string =>
  `${resolved.setting.jobs}x${resolved.setting.threads} ${resolved.choice.decided_by}`;

/** As if all batch sizes had been trained so fast, with no other program beside. */
function remember(jobs: number, threads: number | null, imagesPerSecond: number): void {
  const circumstances = { cpu_over_wall: 1, cores_used: 1, steal_cores: 0, other_cores: 0 };
  rememberSpeeds(
    experiment().runs.map(({ config: of }) => ({ config: of, imagesPerSecond, circumstances })),
    { jobs, threads, device: null },
  );
}

describe('how many runs go side by side', () => {
  it.each<[string, Partial<Args>, string[], string]>([
    ['a sweep: as many as cores, where nothing is remembered', {}, [], '2x1 rule'],
    ['the same by name', { jobs: 'auto' }, [], '2x1 rule'],
    ['a single run: one, with all threads', {}, ['sweep={}'], '1xnull rule'],
    ['--jobs 1', { jobs: 1 }, [], '1xnull option'],
    ['--jobs 3 --threads 2', { jobs: 3, threads: 2 }, [], '3x2 option'],
    ['--threads 1: as many as fit', { threads: 1 }, [], '2x1 option'],
    ['--threads 8: more than there are cores', { threads: 8 }, [], '1x8 option'],
    ['Slurm: one a task', { executor: 'slurm' }, [], '1xnull option'],
  ])('%s', (_, given, set, expected) => {
    expect(text(resolveJobs(experiment(set), args(given), cores(2)))).toBe(expected);
  });

  it('a container with time for two of 64 cores has two', () => {
    expect(text(resolveJobs(experiment(), args(), cores(64, 2)))).toBe('2x1 rule');
    // One job that was asked for takes what TensorFlow takes, which does not ask the control group.
    expect(resolveJobs(experiment(), args({ jobs: 1 }), cores(64, 2)).choice).toMatchObject({
      jobs: 1,
      threads: 64,
    });
    // All threads of a single job would be 64.
    remember(1, 2, 1000);
    remember(2, 1, 400);
    expect(text(resolveJobs(experiment(), args(), cores(64, 2)))).toBe('1x2 remembered speeds');
  });

  it('remembered speeds decide, and one setting stands in for the others by what threads gain', () => {
    remember(1, null, 1000);
    expect(text(resolveJobs(experiment(), args(), cores(2)))).toBe('2x1 remembered speeds');
    remember(2, 1, 450);
    const decided = resolveJobs(experiment(), args(), cores(2));
    expect(text(decided)).toBe('1xnull remembered speeds');
    expect(decided.remark).toBe('one run at a time, 2 threads: by the speeds remembered of this machine');
  });

  it('a decision stands, whatever is remembered later', () => {
    const begun = experiment();
    const first = resolveJobs(begun, args(), cores(2));
    const layout = resultsLayout(begun.outDir);
    mkdirSync(layout.dir);
    storeChoice(layout, first.choice);
    remember(1, null, 1000);
    remember(2, 1, 400);
    const again = resolveJobs(begun, args(), cores(2));
    expect(again.setting).toEqual(first.setting);
    expect(again.choice).toEqual(first.choice);
    expect(again.remark).toBe('2 runs at a time, 1 thread each: as these results were begun');
    expect(text(resolveJobs(experiment(), args(), cores(2)))).toBe('1xnull remembered speeds');
  });

  it('a decision that cannot be read is named, and not made anew', () => {
    const begun = experiment();
    const { dir, executor } = resultsLayout(begun.outDir);
    mkdirSync(dir);
    writeFileSync(executor, '{"jobs": 2, "threads": 0, "processors": 2}');
    expect(() => resolveJobs(begun, args(), cores(2))).toThrow(
      `${executor}: threads must be a positive whole number, got 0`,
    );
    expect(text(resolveJobs(begun, args({ jobs: 1 }), cores(2)))).toBe('1xnull option');
  });

  it('on a machine with other cores the threads of a run stay, and the jobs follow', () => {
    const begun = experiment();
    const layout = resultsLayout(begun.outDir);
    mkdirSync(layout.dir);
    storeChoice(layout, resolveJobs(begun, args(), cores(2)).choice);
    expect(resolveJobs(begun, args(), cores(4)).setting).toMatchObject({ jobs: 4, threads: 1 });
    expect(resolveJobs(begun, args(), cores(1)).setting).toMatchObject({ jobs: 1, threads: null });
    storeChoice(layout, { jobs: 1, threads: 2, processors: 2, decided_by: 'option' });
    expect(resolveJobs(begun, args(), cores(2)).setting).toMatchObject({ jobs: 1, threads: null });
    expect(resolveJobs(begun, args(), cores(8)).setting).toMatchObject({ jobs: 4, threads: 2 });
    expect(resolveJobs(begun, args(), cores(1)).setting).toMatchObject({ jobs: 1, threads: 2 });
  });

  it.each([
    ['one after the other', null, { jobs: 1, threads: null }],
    ['side by side', 1, { jobs: 2, threads: 1 }],
  ])('results of an earlier version, trained %s, go on so', (_, threads, expected) => {
    const begun = experiment();
    const { dir, provenance } = resultsLayout(begun.outDir).run(begun.runs[3]!.id);
    mkdirSync(dir, { recursive: true });
    writeFileSync(
      provenance,
      JSON.stringify({
        dataset_sha256: '',
        sessions: [{ phasewatch: '0.1.0', git: null, threads, cores: 2 }],
      }),
    );
    expect(resolveJobs(begun, args(), cores(2)).setting).toMatchObject(expected);
  });
});
