import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeSpace } from '../../../src/base/files/freeSpace.ts';
import { parseRunConfig, type RunConfig } from '../../../src/experiment/config/schema.ts';
import { diskBytes, planRuns, stepsPerEpoch } from '../../../src/experiment/plan/planRuns.ts';
import { secondsPerStep } from '../../../src/experiment/plan/stepTime.ts';
import { networkOf } from '../../../src/experiment/sweep/checkRun.ts';

const config = (changes: object = {}): RunConfig =>
  parseRunConfig({ network: 'lenet5', dataset: 'mnist', ...changes });

const speeds = () => [{ batchSize: 500, imagesPerSecond: 5000 }];
const nothingDone = () => 0;

describe('the plan of a run', () => {
  it('counts the last, smaller batch', () => {
    expect(stepsPerEpoch(config({ batchSize: 128 }))).toBe(469);
    expect(stepsPerEpoch(config({ batchSize: 128, trainImages: 256 }))).toBe(2);
  });

  it('tells steps and time', () => {
    const run = { id: 'a', config: config({ batchSize: 500, epochs: 4 }), differs: {} };
    const [plan] = planRuns({ runs: [run] }, speeds, nothingDone);
    expect(plan).toMatchObject({ run: 'a', epochs: 4, epochs_done: 0, steps_per_epoch: 120, steps: 480 });
    expect(plan!.time_s).toBeCloseTo(48, 10);
    expect(planRuns({ runs: [run] }, () => [], nothingDone)[0]!.time_s).toBeNull();
  });

  it('tells of a run that is to go on what is left', () => {
    const run = (epochs: number) => ({ id: 'a', config: config({ batchSize: 500, epochs }), differs: {} });
    const [plan] = planRuns({ runs: [run(4)] }, speeds, () => 3);
    expect(plan).toMatchObject({ epochs: 4, epochs_done: 3, steps: 120 });
    expect(plan!.time_s).toBeCloseTo(12, 10);
    // a snapshot of fc1 and its eigenvalues; the checkpoint is there
    expect(plan!.disk_bytes).toBe(4 * 2450 * 500 + 8 * 500);
    expect(planRuns({ runs: [run(4)] }, speeds, () => 4)[0]).toMatchObject({
      steps: 0,
      time_s: 0,
      disk_bytes: 0,
    });
  });

  it('counts the bytes that are written', () => {
    // LeNet5: fc1 2450 x 500; 1,256,080 weights, as many again for momentum
    const bytes = (changes: object) => diskBytes(config(changes), networkOf(config(changes)));
    const fixed = bytes({ snapshots: { keep: 'none' }, epochs: 10 });
    expect(fixed - 4 * 2 * 1_256_080 - 11 * 8 * 500).toBe(100_000);
    expect(bytes({ epochs: 10 }) - fixed).toBe(11 * 4 * 2450 * 500);
    expect(bytes({ epochs: 10, snapshots: { every: 4 } })).toBe(fixed - 7 * 8 * 500 + 4 * 4 * 2450 * 500);
    expect(bytes({ epochs: 10, snapshots: { keep: 'last', dtype: 'float16' } }) - fixed).toBe(2 * 2450 * 500);
  });
});

describe('free space', () => {
  it('of a folder that is not there yet is that of the one it will be made in', () => {
    const { bavail, bsize } = statfsSync(tmpdir());
    const free = freeSpace(join(tmpdir(), 'not', 'there'));
    // other processes write meanwhile
    expect(Math.abs(free - bavail * bsize)).toBeLessThan(0.2 * bavail * bsize);
  });
});

describe('seconds of a step', () => {
  // Images per second of LeNet5 and MiniAlexNet at b = 2, 16, 128, 500 on two cores.
  const measured = { lenet5: [742, 2944, 4741, 5196], miniAlexNet: [272, 654, 795, 820] };
  const sizes = [2, 16, 128, 500];

  it('is null without a measurement', () => {
    expect(secondsPerStep([], 8)).toBeNull();
    expect(secondsPerStep([{ batchSize: 2, imagesPerSecond: 0 }], 8)).toBeNull();
  });

  it('gives a measured size back', () => {
    expect(secondsPerStep([{ batchSize: 4, imagesPerSecond: 40 }], 4)).toBeCloseTo(0.1, 12);
  });

  it.each(Object.entries(measured))('of %s is within a factor 1.5 when one size is left out', (_, speeds) => {
    for (const [left, size] of sizes.entries()) {
      const known = sizes.flatMap((batchSize, i) =>
        i === left ? [] : [{ batchSize, imagesPerSecond: speeds[i]! }],
      );
      const ratio = secondsPerStep(known, size)! / (size / speeds[left]!);
      expect(ratio).toBeGreaterThan(1 / 1.5);
      expect(ratio).toBeLessThan(1.5);
    }
  });

  it('is positive and grows with the batch size beyond the measured ones', () => {
    const speed = fc.record({
      batchSize: fc.integer({ min: 1, max: 1000 }),
      imagesPerSecond: fc.double({ min: 1, max: 1e5, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(speed, { minLength: 1, maxLength: 6 }), (speeds) => {
        const seconds = [1, 500, 2000, 4000].map((batchSize) => secondsPerStep(speeds, batchSize)!);
        for (const value of seconds) expect(value).toBeGreaterThan(0);
        expect(seconds[3]!).toBeGreaterThanOrEqual(seconds[2]!);
      }),
    );
  });
});
