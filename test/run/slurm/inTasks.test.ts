import { expect, it } from 'vitest';
import { inTasks } from '../../../src/run/slurm/submitExperiment.ts';

it('packs runs by what they cost: nothing shorter can stand beside the longest', () => {
  const seconds = new Map([
    ['b=2', 80],
    ['b=4', 40],
    ['b=8', 20],
    ['b=16', 10],
    ['b=32', 5],
    ['b=64', 2],
  ]);
  expect(inTasks(seconds, 1)).toEqual([['b=2'], ['b=4'], ['b=8'], ['b=16'], ['b=32'], ['b=64']]);
  expect(inTasks(seconds, 3)).toEqual([
    ['b=2', 'b=32', 'b=64'],
    ['b=4', 'b=8', 'b=16'],
  ]);
  expect(inTasks(new Map(), 4)).toEqual([]);
});

it('begins with the task that takes longest, in whatever order the runs come', () => {
  const seconds = new Map([
    ['short', 1],
    ['long', 9],
    ['middle', 4],
  ]);
  expect(inTasks(seconds, 1)).toEqual([['long'], ['middle'], ['short']]);
  expect(inTasks(seconds, 2)).toEqual([['long'], ['middle', 'short']]);
});
