import { describe, expect, it } from 'vitest';
import { customNetworkSchema } from '../../src/experiment/config/networkSchema.ts';
import type { Network } from '../../src/experiment/networks/network.ts';
import { resolveNetwork } from '../../src/experiment/networks/resolveNetwork.ts';
import { initialWeights } from '../../src/train/initialWeights.ts';

const network = (name: 'miniAlexNet' | 'lenet5'): Network =>
  resolveNetwork(name, name === 'lenet5' ? [28, 28, 1] : [28, 28, 3], 10);

function moments(values: Float32Array): { mean: number; sd: number; kurtosis: number; max: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const central = (power: number): number =>
    values.reduce((sum, x) => sum + (x - mean) ** power, 0) / values.length;
  const max = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return { mean, sd: Math.sqrt(central(2)), kurtosis: central(4) / central(2) ** 2, max };
}

/** Moments of a standard normal cut at 2 sd: variance 1 - 4 phi(2) / (2 Phi(2) - 1), fourth moment 3 v - 16 phi(2) / (...). */
const CUT = (2 * Math.exp(-2)) / Math.sqrt(2 * Math.PI) / 0.9544997361036416;
const VARIANCE = 1 - 2 * CUT;
const KURTOSIS = (3 * VARIANCE - 8 * CUT) / VARIANCE ** 2;

describe('initialWeights', () => {
  it('draws glorot_normal cut at 2 sd, its variance not corrected', () => {
    expect(Math.sqrt(VARIANCE)).toBeCloseTo(0.87963, 5);
    const W = initialWeights(network('miniAlexNet'), 7).get('fc1/kernel')!;
    const nominal = Math.sqrt(2 / (4096 + 384));
    const { mean, sd, kurtosis, max } = moments(W);
    // 1.57 M values: the standard error of the mean is 8e-4 sd, of the sd below 6e-4 of it
    expect(Math.abs(mean / sd)).toBeLessThan(4e-3);
    expect(Math.abs(sd / nominal / Math.sqrt(VARIANCE) - 1)).toBeLessThan(3e-3);
    expect(Math.abs(kurtosis - KURTOSIS)).toBeLessThan(0.02);
    expect(max / nominal).toBeLessThanOrEqual(2 * (1 + 1e-7));
    expect(max / nominal).toBeGreaterThan(1.999);
    // The sigma that the authors' notebook fits to the untrained layer.
    expect(Math.sqrt(4096) * sd).toBeCloseTo(1.1895, 2);
  });

  it('draws glorot_uniform within its limit, kernel area counted', () => {
    const weights = initialWeights(network('lenet5'), 7);
    for (const [name, fans] of [
      ['conv2/kernel', 25 * (20 + 50)],
      ['fc1/kernel', 2450 + 500],
    ] as const) {
      const limit = Math.sqrt(6 / fans);
      const { mean, sd, kurtosis, max } = moments(weights.get(name)!);
      expect(Math.abs(mean / limit)).toBeLessThan(0.02);
      expect(sd / limit).toBeCloseTo(1 / Math.sqrt(3), 2);
      expect(kurtosis).toBeCloseTo(1.8, 1);
      expect(max / limit).toBeLessThanOrEqual(1 + 1e-7);
      expect(max / limit).toBeGreaterThan(0.999);
    }
  });

  it('sets biases, scales and moving statistics as declared', () => {
    const weights = initialWeights(network('miniAlexNet'), 7);
    const only = (name: string): number[] => [...new Set(weights.get(name)!)];
    expect(only('conv1/bias')).toEqual([Math.fround(0.1)]);
    expect(only('fc3/bias')).toEqual([Math.fround(0.1)]);
    expect(only('bn1/gamma')).toEqual([1]);
    expect(only('bn1/beta')).toEqual([0]);
    expect(only('bn2/moving_mean')).toEqual([0]);
    expect(only('bn2/moving_variance')).toEqual([1]);
    expect([...new Set(initialWeights(network('lenet5'), 7).get('fc1/bias')!)]).toEqual([0]);
  });

  it('follows from the seed, every layer from a stream of its own', () => {
    const layers = (extra: object[]) =>
      resolveNetwork(
        customNetworkSchema.parse({
          layers: [
            { type: 'flatten' },
            ...extra,
            { type: 'dense', name: 'a', units: 12 },
            { type: 'dense', name: 'out', units: 10 },
          ],
        }),
        [3, 4, 1],
        10,
      );
    const plain = initialWeights(layers([]), 3);
    expect(initialWeights(layers([]), 3)).toEqual(plain);
    const longer = initialWeights(layers([{ type: 'dense', name: 'before', units: 12 }]), 3);
    for (const name of ['a/kernel', 'out/kernel']) expect(longer.get(name)).toEqual(plain.get(name));
    const other = initialWeights(layers([]), 4);
    for (const name of ['a/kernel', 'out/kernel']) expect(other.get(name)).not.toEqual(plain.get(name));
    // Different layers of one shape do not share their draws.
    expect(longer.get('before/kernel')).not.toEqual(longer.get('a/kernel'));
  });

  const wide = (options: object, units = 300): Float32Array =>
    initialWeights(
      resolveNetwork(
        customNetworkSchema.parse({
          layers: [
            { type: 'flatten' },
            { type: 'dense', name: 'a', units },
            { type: 'dense', name: 'out', units: 10 },
          ],
          ...options,
        }),
        [20, 20, 1],
        10,
      ),
      7,
    ).get('a/kernel')!;

  // kurtosis: 1.8 of a uniform law, 3 of a normal one; 120,000 values: standard error of the sd 0.2 %
  it.each([
    ['glorotUniform', 2 / 700, 1.8],
    ['glorotNormal', 2 / 700, 3],
    ['heUniform', 2 / 400, 1.8],
    ['heNormal', 2 / 400, 3],
  ])('draws %s with its variance, not cut', (initializer, variance, kurtosis) => {
    const found = moments(wide({ initializer }));
    expect(Math.abs(found.mean / found.sd)).toBeLessThan(0.012);
    expect(Math.abs(found.sd / Math.sqrt(variance) - 1)).toBeLessThan(0.01);
    expect(Math.abs(found.kurtosis - kurtosis)).toBeLessThan(0.06);
    if (kurtosis === 3) expect(found.max / found.sd).toBeGreaterThan(4);
    const scaled = wide({ initializer, scale: 0.5 });
    for (const [i, w] of wide({ initializer }).entries()) expect(scaled[i]).toBeCloseTo(w / 2, 9);
  });

  it.each([[300], [500]])('draws orthogonal columns of %i units, or rows where there are fewer', (units) => {
    const W = wide({ initializer: 'orthogonal', scale: 2 }, units);
    const [count, length] = units < 400 ? [units, 400] : [400, units];
    const entry = (k: number, i: number): number => (units < 400 ? W[i * units + k]! : W[k * units + i]!);
    for (const [a, b] of [
      [0, 0],
      [count - 1, count - 1],
      [0, 1],
      [5, count - 1],
      [17, 200],
    ] as const) {
      let product = 0;
      for (let i = 0; i < length; i++) product += entry(a, i) * entry(b, i);
      expect(product).toBeCloseTo(a === b ? 4 : 0, 5);
    }
    // Haar: an entry has variance 1 / length, whatever its place.
    expect(moments(W).sd / 2).toBeCloseTo(1 / Math.sqrt(length), 4);
  });
});
