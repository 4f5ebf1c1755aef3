import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseRunConfig, type RunConfig } from '../../../src/experiment/config/schema.ts';
import { knownSpeeds, rememberSpeeds, runsToMeasure } from '../../../src/experiment/plan/speedCache.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-speeds-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
beforeEach(() => void vi.stubEnv('PHASEWATCH_CACHE', join(folder, String(made++))));

const cores = availableParallelism();
const alone = { cpu_over_wall: 1.5, cores_used: 2, steal_cores: 0, other_cores: 0 };
const setting = { jobs: 1, threads: null, device: null };
const speedsFile = (): string => join(process.env.PHASEWATCH_CACHE!, 'speeds.json');
const config = (batchSize: number, changes: object = {}): RunConfig =>
  parseRunConfig({ network: 'lenet5', dataset: 'mnist', batchSize, ...changes });

describe('speeds of earlier runs', () => {
  it('are known for runs that differ in batch size, seed, epochs or learning rate', () => {
    rememberSpeeds([{ config: config(16), imagesPerSecond: 1234.56, circumstances: alone }], setting);
    const other = config(32, {
      seed: 4,
      epochs: 7,
      learningRate: 1,
      l2: { coefficient: 1, layers: ['fc1'] },
    });
    expect(knownSpeeds(setting)(other)).toEqual([{ batchSize: 16, imagesPerSecond: 1235 }]);
  });

  it.each<[string, RunConfig, object]>([
    ['network', config(16, { network: 'mlp3' }), {}],
    ['data set', config(16, { dataset: 'cifar10' }), {}],
    ['precision', config(16, { precision: 'bfloat16' }), {}],
    ['optimizer', config(16, { optimizer: { type: 'adam' } }), {}],
    ['number of jobs', config(16), { jobs: 2 }],
    ['device', config(16), { device: 'cpu' }],
  ])('say nothing about another %s', (_, other, change) => {
    rememberSpeeds([{ config: config(16), imagesPerSecond: 1000, circumstances: alone }], setting);
    expect(knownSpeeds({ ...setting, ...change })(other)).toEqual([]);
  });

  it('are replaced by later ones of the same batch size only', () => {
    rememberSpeeds([{ config: config(16), imagesPerSecond: 1000, circumstances: alone }], setting);
    rememberSpeeds([{ config: config(32), imagesPerSecond: 2000, circumstances: alone }], setting);
    rememberSpeeds([{ config: config(16), imagesPerSecond: 1500, circumstances: alone }], setting);
    expect(knownSpeeds(setting)(config(1))).toEqual([
      { batchSize: 16, imagesPerSecond: 1500 },
      { batchSize: 32, imagesPerSecond: 2000 },
    ]);
  });

  it.each([
    ['another program', { other_cores: cores }],
    ['the host', { steal_cores: cores }],
  ])('are not kept where %s took the cores meanwhile', (_, taken) => {
    rememberSpeeds([{ config: config(16), imagesPerSecond: 1000, circumstances: alone }], setting);
    rememberSpeeds(
      [{ config: config(16), imagesPerSecond: 500, circumstances: { ...alone, ...taken } }],
      setting,
    );
    expect(knownSpeeds(setting)(config(16))).toEqual([{ batchSize: 16, imagesPerSecond: 1000 }]);
  });

  it('are kept with their circumstances, and without any where the system tells none', () => {
    const unknown = { cpu_over_wall: 1.5, cores_used: null, steal_cores: null, other_cores: null };
    rememberSpeeds([{ config: config(16), imagesPerSecond: 1234.56, circumstances: alone }], setting);
    rememberSpeeds([{ config: config(32), imagesPerSecond: 2000, circumstances: unknown }], setting);
    const [stored] = Object.values(JSON.parse(readFileSync(speedsFile(), 'utf8')));
    expect(stored).toEqual({
      16: { images_per_second: 1235, ...alone },
      32: { images_per_second: 2000, ...unknown },
    });
  });

  it('of earlier versions, kept without circumstances, are known', () => {
    rememberSpeeds([{ config: config(16), imagesPerSecond: 1000, circumstances: alone }], setting);
    const [workload] = Object.keys(JSON.parse(readFileSync(speedsFile(), 'utf8')));
    writeFileSync(speedsFile(), JSON.stringify({ [workload!]: { 16: 900 } }));
    expect(knownSpeeds(setting)(config(16))).toEqual([{ batchSize: 16, imagesPerSecond: 900 }]);
  });

  it('are none when the cache is broken or out of reach', () => {
    const blocked = join(folder, 'file');
    writeFileSync(blocked, 'not a folder');
    vi.stubEnv('PHASEWATCH_CACHE', blocked);
    rememberSpeeds([{ config: config(16), imagesPerSecond: 1000, circumstances: alone }], setting);
    expect(knownSpeeds(setting)(config(16))).toEqual([]);
  });
});

describe('what is measured for a plan', () => {
  const sizes = [1000, 500, 250, 150, 100, 50, 32, 16, 8, 4, 2];

  it('is five batch sizes from the smallest to the largest, whatever else is swept', () => {
    const all = sizes.flatMap((size) => [1, 2, 3].map((seed) => config(size, { seed })));
    expect(runsToMeasure(all, setting).map(({ batchSize }) => batchSize)).toEqual([2, 8, 50, 250, 1000]);
  });

  it('is everything of a small sweep, kind by kind, and nothing that is known', () => {
    const all = [config(2), config(4), config(8, { network: 'mlp3' })];
    expect(runsToMeasure(all, setting)).toHaveLength(3);
    rememberSpeeds([{ config: config(4), imagesPerSecond: 1000, circumstances: alone }], setting);
    expect(runsToMeasure(all, setting).map(({ network }) => network)).toEqual(['mlp3']);
  });
});
