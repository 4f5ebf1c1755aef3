import { describe, expect, it } from 'vitest';
import { fitWithoutFingers } from '../../../src/spectra/laws/fingers.ts';
import { fitPowerLaw } from '../../../src/spectra/laws/powerLaw.ts';
import { discreteEntropy } from '../../../src/spectra/measures/localization.ts';

/** Eigenvalues evenly spread over their logarithms, and so many close together half as far out again. */
function spectrum(fingers: number): Float64Array {
  const bulk = Array.from({ length: 80 }, (_, i) => Math.exp((3 * (i + 0.5)) / 80));
  const far = 1.5 * bulk.at(-1)!;
  return Float64Array.from([...bulk, ...Array.from({ length: fingers }, (_, i) => far * (1 + 0.02 * i))]);
}

describe('fitWithoutFingers', () => {
  // fit_clipped_powerlaw of WeightWatcher 0.7.7; it says one finger less than it cuts.
  it.each([
    [2, 1.6751054852320675, 1.018926885052026, 0.15779538238853041, 1, 4.757947067461624],
    [3, 1.6751054852320675, 1.018926885052026, 0.15779538238853041, 2, 3.8826654287441227],
    [6, 1.6751054852320675, 1.018926885052026, 0.15779538238853041, 5, 2.8961150253123478],
  ])('cuts as WeightWatcher does where there are %i', (fingers, alpha, xmin, D, num, raw) => {
    const { fit, cut, rawAlpha } = fitWithoutFingers(spectrum(fingers), 'ww', 'clip_xmax');
    if (fit.alpha === null) throw new Error('no fit');
    expect(fit.alpha).toBeCloseTo(alpha, 9);
    expect(fit.xmin).toBeCloseTo(xmin, 12);
    expect(fit.D).toBeCloseTo(D, 9);
    expect(rawAlpha).toBeCloseTo(raw, 9);
    expect(cut).toBe(num + 1);
  });

  it('begins the tail at the peak of the logarithms with xmin_peak', () => {
    // Three quarters of the eigenvalues lie around 5.
    const evals = Float64Array.from([
      ...Array.from({ length: 50 }, (_, i) => 0.1 + i / 20),
      ...Array.from({ length: 200 }, (_, i) => 5 + i / 1000),
      ...Array.from({ length: 30 }, (_, i) => 6 + i ** 1.5),
    ]);
    const { fit, cut } = fitWithoutFingers(evals, 'paper', 'xmin_peak');
    expect(cut).toBe(0);
    expect(fit.alpha).not.toBeNull();
    const { xmin } = fit as { xmin: number };
    expect(xmin).toBeGreaterThanOrEqual(0.95 * 4.9);
    expect(xmin).toBeLessThanOrEqual(1.5 * 5.2);
  });

  it('leaves a spectrum without fingers as it is', () => {
    const { fit } = fitWithoutFingers(spectrum(0), 'paper', 'clip_xmax');
    expect(fit).toEqual(fitPowerLaw(spectrum(0), 'paper'));
  });
});

it('discreteEntropy is that of WeightWatcher 0.7.7', () => {
  const v = Float64Array.from({ length: 200 }, (_, i) => Math.sin((i + 1) ** 1.5));
  expect(discreteEntropy(v)).toBeCloseTo(4.015058653146145, 12);
});
