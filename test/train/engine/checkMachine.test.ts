import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compareVersions } from '../../../src/base/files/compareVersions.ts';
import { checkMachine, cpuFeatures, isReady } from '../../../src/train/engine/install/checkMachine.ts';
import { parseGpus } from '../../../src/train/engine/install/gpu.ts';
import { installEngine } from '../../../src/train/engine/install/installEngine.ts';
import { requirementsOfExtra } from '../../../src/train/engine/install/wheelRequirements.ts';
import { pinnedWheel } from '../../../src/train/engine/pins.ts';
import { type FakeMachine, fakeMachine, METADATA } from './fakeTools.ts';

let machine: FakeMachine;
beforeEach(() => {
  machine = fakeMachine();
});
afterEach(() => machine.dispose());

describe('the doctor', () => {
  test('is content where everything is there, whether or not the engine is installed', async () => {
    expect(isReady(await checkMachine())).toBe(true);
    await installEngine({ wheel: machine.wheel, variant: 'cpu' });
    const engine = (await checkMachine()).find(({ name }) => name === 'engine');
    expect(engine).toMatchObject({
      status: 'ok',
      remedy: null,
      found: expect.stringContaining('TensorFlow 2.21.0'),
    });
  });

  test.each([
    ['python3', 'pip'],
    ['g++', 'c++ compiler'],
    ['npm', 'npm'],
  ])('misses %s only while there is no engine', async (program, name) => {
    const engine = async (): Promise<void> =>
      void (await installEngine({ wheel: machine.wheel, variant: 'cpu' }));
    await engine();
    machine.remove(program);
    const found = async () => (await checkMachine()).find((check) => check.name === name);
    expect(await found()).toMatchObject({ status: 'note', found: 'none' });
    process.env.PHASEWATCH_CACHE = `${machine.cache}-empty`;
    expect(await found()).toMatchObject({ status: 'missing', remedy: expect.stringMatching(/\w/) });
    expect(isReady(await checkMachine())).toBe(false);
  });

  test('tells of a driver too old for CUDA', async () => {
    machine.gpus('0, Tesla V100, 470.57.02, 16160\n');
    const gpu = (await checkMachine()).find(({ name }) => name === 'gpu');
    expect(gpu).toMatchObject({ status: 'note', found: expect.stringContaining('470.57.02') });
    machine.gpus('0, NVIDIA B200, 570.124.06, 183359, 10.0\n');
    const blackwell = (await checkMachine()).find(({ name }) => name === 'gpu');
    expect(blackwell).toMatchObject({ status: 'note', found: expect.stringContaining('got 10.0') });
  });
});

test('nvidia-smi is read line by line, and what it says when it fails is no GPU', () => {
  expect(
    parseGpus('0, NVIDIA H200, 570.124.06, 143771, 9.0\n1, NVIDIA GB10, 580.95.05, [N/A], 12.1\n'),
  ).toEqual([
    { index: 0, name: 'NVIDIA H200', driver: '570.124.06', memory_mib: 143771, compute: '9.0' },
    { index: 1, name: 'NVIDIA GB10', driver: '580.95.05', memory_mib: null, compute: '12.1' },
  ]);
  expect(parseGpus('0, Tesla V100, 470.57.02, 16160\n')).toEqual([
    { index: 0, name: 'Tesla V100', driver: '470.57.02', memory_mib: 16160, compute: null },
  ]);
  expect(
    parseGpus("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n"),
  ).toEqual([]);
  expect(parseGpus('No devices were found\n')).toEqual([]);
});

test('versions are compared number by number', () => {
  expect(compareVersions('525.60.13', '525.60.13')).toBe(0);
  expect(compareVersions('525.9', '525.60.13')).toBeLessThan(0);
  expect(compareVersions('1000.1', '525.60.13')).toBeGreaterThan(0);
});

test("the requirements of one extra are taken from a wheel's METADATA, not from its description", () => {
  expect(requirementsOfExtra(METADATA, 'and-cuda')).toEqual([
    'nvidia-cublas-cu12<13.0,>=12.5.3.2',
    'nvidia-cudnn-cu12<10.0,>=9.3.0.75',
  ]);
  expect(requirementsOfExtra(METADATA, 'none-such')).toEqual([]);
});

test('the processor is known by the names that the kernel gives its instruction sets', () => {
  expect(cpuFeatures('processor: 0\nflags\t\t: fpu avx avx2 fma avx512f avx512_bf16\n')).toEqual([
    'avx2',
    'fma',
    'avx512f',
    'avx512_bf16',
  ]);
  expect(cpuFeatures('Features\t: fp asimd sve bf16\n')).toEqual(['asimd', 'bf16', 'sve']);
  expect(cpuFeatures('')).toEqual([]);
});

test('the pinned wheel of a machine is the file that the index has', () => {
  expect(pinnedWheel('cpu', 'x64')!.file).toBe('tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl');
  expect(pinnedWheel('cpu', 'arm64')!.file).toBe('tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl');
  expect(pinnedWheel('cuda', 'x64')!.file).toBe('tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl');
  expect(pinnedWheel('cuda', 'arm64')).toBeNull();
});
