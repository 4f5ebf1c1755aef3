import { describe, expect, it } from 'vitest';
import { bestChoice, candidateChoices } from '../../src/sweep/chooseJobs.ts';

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

  it('the fastest is taken, more jobs only for more than a little', () => {
    const measured = (...speeds: number[]) =>
      speeds.map((images_per_second, i) => ({ jobs: 2 ** i, threads: 1, images_per_second }));
    expect(bestChoice(measured(100, 104)).jobs).toBe(1);
    expect(bestChoice(measured(100, 106)).jobs).toBe(2);
    expect(bestChoice(measured(100, 104, 110, 90)).jobs).toBe(4);
  });
});
