import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRunConfig, type RunConfig } from '../../../src/experiment/config/schema.ts';
import { candidateChoices, chooseJobs, type JobsChoice } from '../../../src/experiment/plan/chooseJobs.ts';
import { makespan } from '../../../src/experiment/plan/estimate.ts';

const GB = 1e9;
const text = (choices: { jobs: number; threads: number }[]) =>
  choices.map(({ jobs, threads }) => `${jobs}x${threads}`);

describe('ways to share a machine', () => {
  it.each([
    ['two processors', 6, 2, 16 * GB, ['1x2', '2x1']],
    ['many processors', 110, 48, 500 * GB, ['1x48', '2x24', '4x12', '8x6', '16x3', '32x1', '48x1']],
    ['fewer runs than processors', 3, 8, 500 * GB, ['1x8', '2x4', '3x2']],
    ['little memory', 100, 16, 7 * GB, ['1x16', '2x8', '3x5']],
    ['less memory than a process wants', 100, 16, 1 * GB, ['1x16']],
    ['one run', 1, 16, 500 * GB, ['1x16']],
  ])('%s', (_, runs, processors, memory, expected) => {
    expect(text(candidateChoices(runs, processors, memory))).toEqual(expected);
  });
});

describe('the end of the last run', () => {
  it.each([
    ['in turn', [3, 1, 2], 1, 6],
    ['evenly', [1, 3, 2], 2, 3],
    ['one long run beside all others', [1, 1, 10, 1], 2, 10],
    ['more workers than runs', [4, 2], 8, 4],
    ['nothing to do', [], 3, 0],
  ])('%s', (_, seconds, workers, expected) => {
    expect(makespan(seconds, workers)).toBe(expected);
  });

  it('is never before the longest run or the mean of all workers, and at most a longest run later', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (seconds, workers) => {
          const least = Math.max(...seconds, seconds.reduce((a, b) => a + b, 0) / workers);
          const found = makespan(seconds, workers);
          expect(found).toBeGreaterThanOrEqual(least);
          // List scheduling: the last run starts no later than the mean.
          expect(found).toBeLessThanOrEqual(least + Math.max(...seconds));
        },
      ),
    );
  });
});

describe('the choice of jobs', () => {
  const run = (batchSize: number, epochs = 4, changes: object = {}) => ({
    config: parseRunConfig({ network: 'lenet5', dataset: 'mnist', batchSize, ...changes }),
    epochs,
  });
  /** Images a second of one job, at every batch size. */
  const speeds =
    (of: Record<string, number>) =>
    (choice: JobsChoice, { batchSize }: RunConfig) => {
      const imagesPerSecond = of[text([choice])[0]!];
      return imagesPerSecond === undefined ? [] : [{ batchSize, imagesPerSecond }];
    };
  const two = candidateChoices(6, 2, 16 * GB);
  const nothing = () => [];

  it('goes by the speeds: jobs side by side where they train more together', () => {
    const runs = [run(16), run(32), run(64), run(128)];
    expect(text([chooseJobs(runs, two, speeds({ '1x2': 1000, '2x1': 800 }))])).toEqual(['2x1']);
    expect(text([chooseJobs(runs, two, speeds({ '1x2': 1000, '2x1': 480 }))])).toEqual(['1x2']);
    // A gain of 2 % is not worth the memory of another process.
    expect(text([chooseJobs(runs, two, speeds({ '1x2': 1000, '2x1': 510 }))])).toEqual(['1x2']);
  });

  it('gives one long run all the threads where the others cannot fill the time', () => {
    const runs = [run(16, 100), run(16, 1)];
    expect(text([chooseJobs(runs, two, speeds({ '1x2': 1000, '2x1': 800 }))])).toEqual(['1x2']);
  });

  it('without any speed takes as many jobs as cores for the sweep of npm start', () => {
    const quick = [2, 4, 16, 64, 500, 16].map((batchSize) => run(batchSize, 4, { trainImages: 10_000 }));
    expect(text([chooseJobs(quick, two, nothing)])).toEqual(['2x1']);
    expect(text([chooseJobs(quick.slice(0, 2), candidateChoices(2, 16, 64 * GB), nothing)])).toEqual(['2x8']);
  });

  it('trains runs of a few seconds in one process: starting others takes longer', () => {
    const tiny = [run(32, 1, { trainImages: 1000 }), run(64, 1, { trainImages: 1000 })];
    expect(text([chooseJobs(tiny, two, nothing)])).toEqual(['1x2']);
  });

  it('has nothing to choose where nothing is left', () => {
    expect(text([chooseJobs([run(16, 0), run(32, 0)], two, nothing)])).toEqual(['1x2']);
  });
});
