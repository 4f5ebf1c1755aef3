import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { proveProducts, proveRepetition, proveSteps } from '../../../src/run/proof/numericChecks.ts';
import { EXPECTED, measureProducts } from '../../../src/run/proof/products.ts';
import { proveMemoryCap } from '../../../src/run/proof/proveMemoryCap.ts';
import { relativeChangeError } from '../../../src/run/proof/relativeChangeError.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';

const program = fileURLToPath(new URL('./fakeDevice.mjs', import.meta.url));
const proving = (fault: string) => ({
  device: 'gpu:0',
  program,
  env: { FAULT: fault },
  signal: new AbortController().signal,
});

describe('float32 products', () => {
  it('are exact on the CPU, and those of inputs rounded to 11 bits are not', () => {
    const { matrix, convolution } = measureProducts(loadEngine().binding);
    expect(matrix).toBe(EXPECTED.matrix.float32);
    expect(convolution).toBeCloseTo(EXPECTED.convolution.float32, 4);
    // 1 + 2^-12 in 11 significant bits is 1
    expect(EXPECTED.matrix.float32 - EXPECTED.matrix.tensorFloat32).toBe(512 / 4096);
    expect(EXPECTED.convolution.float32 - EXPECTED.convolution.tensorFloat32).toBe(576 / 4096);
  });

  it.each([
    ['', '9.0', true],
    ['always rounds', '9.0', false],
    // nothing tells the two apart: the check could not have seen it
    ['never rounds', '9.0', false],
    ['never rounds', '7.0', true],
    ['crash', '9.0', false],
  ])('of a device with fault "%s" and compute capability %s hold: %s', async (fault, compute, holds) => {
    expect((await proveProducts(proving(fault), compute)).holds).toBe(holds);
  });
});

describe('a step', () => {
  it('holds where every network is trained as on the CPU', async () => {
    const checks = await proveSteps(proving(''));
    expect(checks.map(({ holds }) => holds)).toEqual([true, true, true]);
  });

  it('does not where one network differs, and that one is named', async () => {
    const [plain] = await proveSteps(proving('wrong step'));
    expect(plain!.holds).toBe(false);
    expect(plain!.figures.mlp3).toBeCloseTo(1e-3 / Math.SQRT1_2, 4);
    expect(plain!.figures.lenet5).toBe(0);
  });

  it('of a process that crashes fails with what it said', async () => {
    const [plain] = await proveSteps(proving('crash'));
    expect(plain).toMatchObject({ holds: false, found: 'its process was ended by SIGABRT: Illegal address' });
  });
});

describe('a cap of GPU memory', () => {
  const gpu = {
    index: 0,
    name: 'NVIDIA Test',
    driver: '550.54.15',
    compute: '9.0',
    memory_mib: 16e9 / 2 ** 20,
  };

  it.each([
    ['', true, '10 % of the memory was to be had, 40 % of the memory was not to be had'],
    ['no cap', false, '40 % of the memory was to be had'],
    ['no memory', false, '10 % of the memory was not to be had'],
    ['crash', false, 'ended by SIGABRT'],
  ])('of a device with fault "%s" holds: %s', async (fault, holds, found) => {
    const check = await proveMemoryCap(proving(fault), gpu);
    expect(check.holds).toBe(holds);
    expect(check.found).toContain(found);
  });
});

it('weights that differ from run to run are told by network', async () => {
  expect(await proveRepetition(proving(''))).toMatchObject({ holds: true });
  expect(await proveRepetition(proving('other bytes'))).toMatchObject({
    holds: false,
    found: 'other bytes: lenet5',
  });
});

describe('the error of a change', () => {
  const before = new Map([
    ['a/kernel', Float32Array.of(0, 0)],
    ['a/bias', Float32Array.of(5)],
    ['a/moving_mean', Float32Array.of(0)],
  ]);
  const changed = (kernel: number[], bias: number, mean: number) =>
    new Map([
      ['a/kernel', Float32Array.from(kernel)],
      ['a/bias', Float32Array.of(bias)],
      ['a/moving_mean', Float32Array.of(mean)],
    ]);
  it('is that of the layer furthest off, its bias taken with its kernel', () => {
    const reference = changed([3, 4], 5, 1);
    expect(relativeChangeError(before, reference, reference)).toBe(0);
    expect(relativeChangeError(before, changed([3, 4], 6, 1), reference)).toBeCloseTo(0.2, 12);
    expect(relativeChangeError(before, changed([3, 4], 5, 1.5), reference)).toBeCloseTo(0.5, 12);
  });
  it('is infinite where a weight is not finite', () => {
    expect(relativeChangeError(before, changed([3, Number.NaN], 5, 1), changed([3, 4], 5, 1))).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});
