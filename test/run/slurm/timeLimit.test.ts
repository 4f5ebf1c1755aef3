import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { requeueTask } from '../../../src/run/slurm/timeLimit.ts';
import { type FakeSlurm, fakeSlurm } from './fakeSlurm.ts';

const path = process.env.PATH!;
let slurm: FakeSlurm;
let dir: string;
beforeEach(() => {
  slurm = fakeSlurm();
  process.env.PATH = `${slurm.bin}:${path}`;
  dir = mkdtempSync(join(tmpdir(), 'phasewatch-time-limit-'));
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(dir, { recursive: true });
});

const env = (task: string) => ({ SLURM_JOB_ID: '7', SLURM_ARRAY_JOB_ID: '101', SLURM_ARRAY_TASK_ID: task });
const timeIsUp = (task: string, most: number, gotOn = true): void =>
  requeueTask({ dir, gotOn, most }, env(task));

it('a task comes back as often as it may, each counted for itself, and then fails with what to do', () => {
  timeIsUp('0', 2);
  timeIsUp('0', 2);
  timeIsUp('1', 2);
  expect(() => timeIsUp('0', 2)).toThrow('task 101_0 must run out of time at most 2 times, got 3');
  expect(slurm.calls()).toEqual(['101_0', '101_0', '101_1'].map((task) => `scontrol requeue ${task}`));
});

it('a task that got nowhere does not come back, however seldom it ran out of time; outside of Slurm nothing happens', () => {
  expect(() => timeIsUp('0', 2, false)).toThrow('the time limit must leave time to train');
  expect(() => timeIsUp('0', 0)).toThrow('at most 0 times, got 1');
  requeueTask({ dir, gotOn: true, most: 2 }, {});
  expect(slurm.calls()).toEqual([]);
});
