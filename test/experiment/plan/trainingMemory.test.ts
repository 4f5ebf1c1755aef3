import { expect, it } from 'vitest';
import { parseRunConfig } from '../../../src/experiment/config/schema.ts';
import {
  gpuMemoryFraction,
  memoryTogether,
  trainingMemory,
} from '../../../src/experiment/plan/trainingMemory.ts';

const mlp3 = (batchSize: number, type = 'sgd') =>
  parseRunConfig({
    network: 'mlp3',
    dataset: 'cifar10',
    trainImages: 1000,
    testImages: 10,
    batchSize,
    optimizer: { type },
  });
const PIXELS = 28 * 28 * 3;
const WEIGHTS = PIXELS * 512 + 512 + 2 * (512 * 512 + 512) + 512 * 10 + 10;

it('holds the images, the weights and what each layer was given', () => {
  const bytes = (batch: number): number => trainingMemory(mlp3(batch)).gpu;
  // the flattened images, and the three hidden layers' outputs
  expect(bytes(101) - bytes(1)).toBe(100 * 4 * (2 * PIXELS + 3 * 512));
  const { host, gpu } = trainingMemory(mlp3(1));
  expect(host - gpu).toBeCloseTo(1010 * PIXELS + 0.05e9, 0);
  const adam = trainingMemory(mlp3(1, 'adam'));
  expect(adam.gpu - gpu).toBe(4 * 2 * WEIGHTS);
});

it('of runs side by side is that of those that need most', () => {
  const configs = [mlp3(1), mlp3(1000), mlp3(500)];
  const [, large, middle] = configs.map((config) => trainingMemory(config).host);
  expect(memoryTogether(configs, 2).host).toBe(large! + middle!);
  expect(memoryTogether(configs.slice(0, 1), 5).host).toBe(trainingMemory(configs[0]!).host);
});

it('divides a GPU among the runs that may meet on it, by what they need', () => {
  const configs = [mlp3(1), mlp3(1000), mlp3(500)];
  const needs = configs.map((config) => trainingMemory(config).gpu);
  const gpuBytes = 1.2 * (needs[1]! + needs[2]!);
  const caps = configs.map((config) => gpuMemoryFraction(config, configs, { jobs: 2, gpuBytes })! * gpuBytes);
  const contexts = 2 * 0.3e9;
  expect(caps[1]! + caps[2]! + contexts).toBeCloseTo(gpuBytes, 0);
  expect(caps[0]! + caps[1]! + contexts).toBeLessThan(gpuBytes);
  for (const [i, cap] of caps.entries()) expect(cap + 0.3e9).toBeCloseTo(1.2 * needs[i]!, 0);
});

it('leaves the GPU to a run that has it to itself', () => {
  const configs = [mlp3(1), mlp3(1000)];
  expect(gpuMemoryFraction(configs[0]!, configs, { jobs: 1, gpuBytes: 1e10 })).toBeNull();
  expect(gpuMemoryFraction(configs[0]!, configs.slice(0, 1), { jobs: 4, gpuBytes: 1e10 })).toBeNull();
});
