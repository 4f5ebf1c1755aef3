import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { bootstrapColumns } from '../../../src/spectra/extraColumns.ts';
import { layerSpectrum } from '../../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spreadEnergy, type WeightPrecision } from '../../../src/spectra/measures/rounding.ts';
import { pooledSpectrum, type Spectrum, spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { nullCalibration } from '../../../src/spectra/nullCalibration.ts';
import {
  gaussianMatrix,
  lowRankMatrix,
  paretoMatrix,
  type Shape,
} from '../../../src/spectra/synthetic/matrices.ts';
import { roundedMatrix } from '../../../src/spectra/synthetic/roundedMatrix.ts';
import { weightSpectra } from '../../../src/spectra/weightSpectra.ts';

const PRECISIONS = ['bfloat16', 'float16', 'float32', 'float64'] as const;
const SHAPES: Shape[] = [
  { rows: 200, cols: 200 },
  { rows: 500, cols: 120 },
  { rows: 90, cols: 300 },
];
const stream = (purpose = '') => randomStream(4, `test/spectrum/${purpose}`);

/** The spectrum of W as it is stored. */
function stored(W: Float64Array, { rows, cols }: Shape, precision: WeightPrecision): Spectrum {
  const weights = { rows, cols, matrices: [roundedMatrix(W, precision)], precision };
  return weightSpectra([weights], typescriptLinearAlgebra)[0]!;
}

/** A product of a third of the full rank; the entries of its factors, or the scales of its columns, are heavy-tailed. */
function product(shape: Shape, kind: 'equal' | 'heavy factors' | 'scaled columns'): Float64Array {
  const { rows, cols } = shape;
  const rank = Math.round(Math.min(rows, cols) / 3);
  if (kind !== 'heavy factors') {
    const W = lowRankMatrix(stream(kind), shape, { rank, noise: 0 });
    if (kind === 'equal') return W;
    const drawn = stream('columns');
    const scales = Array.from({ length: cols }, () => Math.exp(2 * drawn.normal()));
    return W.map((w, i) => w * scales[i % cols]!);
  }
  const left = paretoMatrix(stream('left'), { rows, cols: rank }, { mu: 2, kind: 'symmetric' });
  const right = paretoMatrix(stream('right'), { rows: rank, cols }, { mu: 2, kind: 'symmetric' });
  return Float64Array.from({ length: rows * cols }, (_, at) => {
    let total = 0;
    for (let k = 0; k < rank; k++) {
      total += left[Math.floor(at / cols) * rank + k]! * right[k * cols + (at % cols)]!;
    }
    return total;
  });
}

describe.each(SHAPES)('the rank of $rows x $cols', (shape) => {
  const M = Math.min(shape.rows, shape.cols);

  it.each(PRECISIONS)('is full for noise in %s, to 1 %%', (precision) => {
    const { rank } = stored(gaussianMatrix(stream(), shape), shape, precision);
    expect(M - rank).toBeLessThanOrEqual(0.01 * M);
  });

  it.each(
    PRECISIONS.flatMap((precision) =>
      (['equal', 'heavy factors', 'scaled columns'] as const).map((kind) => ({ precision, kind })),
    ),
  )('is that of a product, $kind, in $precision', ({ precision, kind }) => {
    const { rank } = stored(product(shape, kind), shape, precision);
    // Heavy factors may leave an odd row whose rounding stands out.
    const allowed = kind === 'heavy factors' ? Math.ceil(0.01 * M) : 0;
    expect(Math.abs(rank - Math.round(M / 3))).toBeLessThanOrEqual(allowed);
  });

  it.each([1e-5, 1e-6])(
    'is that of a product with float16 entries of %d, which round absolutely',
    (scale) => {
      const W = product(shape, 'equal').map((w) => w * Math.sqrt(Math.max(shape.rows, shape.cols)) * scale);
      expect(stored(W, shape, 'float16').rank).toBe(Math.round(M / 3));
    },
  );
});

describe('hard rank', () => {
  it.each([1.2, 1.5])('of square Pareto noise of mu %d in bfloat16 is full, to 1 %%', (mu) => {
    const shape = { rows: 300, cols: 300 };
    const W = paretoMatrix(stream(`pareto ${mu}`), shape, { mu, kind: 'symmetric' });
    expect(stored(W, shape, 'bfloat16').rank).toBeGreaterThanOrEqual(297);
  });

  it('takes a huge entry for rounded where it stands, and all of the energy of sparse weights', () => {
    const spread = Float64Array.from({ length: 1000 }, () => 1);
    expect(spreadEnergy(spread, typescriptLinearAlgebra)).toBe(1000);
    // A mean m of 999 entries of 1 and one of 30 m: 1000 m = 999 + 30 m.
    expect(spreadEnergy(spread.with(0, 1e6), typescriptLinearAlgebra)).toBeCloseTo((1000 * 999) / 970, 2);
    const sparse = new Float64Array(1000);
    sparse[7] = 3;
    expect(spreadEnergy(sparse, typescriptLinearAlgebra)).toBe(9);
    expect(spreadEnergy(new Float64Array(9), typescriptLinearAlgebra)).toBe(0);
  });

  it('caps entries at once where nearly a thirtieth of them hold all of the energy', () => {
    // By 30 times the mean of the round before each round would take a ten thousandth off.
    const W = new Float64Array(100_000).fill(1).fill(1e6, 0, 3333);
    expect(spreadEnergy(W, typescriptLinearAlgebra)).toBeCloseTo(96_667 / 0.0001, 0);
  });

  it('sees through 8-bit floats and through the steps of integers', () => {
    const shape = { rows: 300, cols: 100 };
    const W = lowRankMatrix(stream(), shape, { rank: 20, noise: 0 }).map((w) => w * 10);
    const integers = { significantBits: 53, step: 0.02 };
    for (const precision of ['float8_e4m3', 'float8_e5m2', integers] as const) {
      expect(stored(W, shape, precision).rank).toBe(20);
    }
  });

  it('does not depend on the scale of W', () => {
    const shape = { rows: 128, cols: 128 };
    for (const scale of [1e-30, 1e-6, 1e6, 1e30]) {
      const W = lowRankMatrix(stream(), shape, { rank: 127, noise: 0 }).map((w) => w * scale);
      expect(stored(W, shape, 'float32').rank).toBe(127);
      expect(stored(W, shape, 'float64').rank).toBe(127);
    }
  });

  it('keeps small singular values that float32 can tell from 0', () => {
    const W = new Float64Array(9);
    W.set([1, 0, 0, 0, 1e-5, 0, 0, 0, 0]);
    expect(stored(W, { rows: 3, cols: 3 }, 'float32').rank).toBe(2);
  });

  it('of a zero matrix is 0 in every format', () => {
    for (const precision of PRECISIONS) {
      const zero = spectrumOf(new Float64Array(5), { N: 6, M: 5 }, precision);
      expect(zero).toMatchObject({ rank: 0, positive: new Float64Array(0) });
    }
  });
});

describe('pooled matrices', () => {
  const shape = { rows: 120, cols: 60 };
  const part = (scale: number) =>
    stored(
      lowRankMatrix(stream(), shape, { rank: 20, noise: 0 }).map((w) => w * scale),
      shape,
      'bfloat16',
    );

  it('have the sum of their ranks, however unequal they are', () => {
    const pooled = pooledSpectrum([part(1), part(1e-4), part(30)]);
    expect(pooled.shape).toEqual({ N: 120, M: 60, replicas: 3 });
    expect(pooled.rank).toBe(60);
    expect(pooled.eigenvalues.length).toBe(180);
    expect([...pooled.positive]).toEqual([...pooled.positive].sort((a, b) => a - b));
  });

  it('have it from their eigenvalues alone where they are equally large', () => {
    const { eigenvalues } = pooledSpectrum([part(1), part(1.1), part(0.9)]);
    expect(spectrumOf(eigenvalues, { N: 120, M: 60 }, 'bfloat16').rank).toBe(60);
  });

  it('must be some, and of one shape', () => {
    expect(() => pooledSpectrum([])).toThrow('spectra must be one or more, got none');
    const other = spectrumOf(Float64Array.of(1, 2), { N: 3, M: 2 });
    expect(() => pooledSpectrum([part(1), other])).toThrow('must be equal, got 120 x 60 and 3 x 2');
  });
});

describe('the precision of the row is that of', () => {
  const shape = { rows: 400, cols: 200 };
  const of = (rank: number, precision: WeightPrecision) => {
    const W = lowRankMatrix(stream('fitted'), shape, { rank, noise: 0 });
    return { W: roundedMatrix(W, precision), spectrum: stored(W, shape, precision) };
  };

  it('the bootstrap', () => {
    const interval = (precision: WeightPrecision) =>
      bootstrapColumns(
        of(120, precision).spectrum,
        { fit: 'paper', resamples: 40 },
        randomStream(0, 'test/interval'),
      );
    const [half, exact] = [interval('float16'), interval('float64')];
    expect(Number(half.alpha_low)).toBeCloseTo(Number(exact.alpha_low), 1);
    expect(Number(half.alpha_high)).toBeCloseTo(Number(exact.alpha_high), 1);
  });

  it('the null calibration', () => {
    const { W, spectrum: half } = of(20, 'float16');
    const weights = { matrices: [W], ...shape, precision: 'float16' } as const;
    const algebra = typescriptLinearAlgebra;
    const calibration = nullCalibration(half, weights, { copies: 3, fit: 'hill' }, stream(), algebra)!;
    // 20 eigenvalues close together; were the 180 of the rounding counted in, alpha would be near 1.
    expect(layerSpectrum(half, { fit: 'hill' }).alpha!).toBeGreaterThan(calibration.rand_alpha!);
    expect(calibration.p_alpha).toBe(1);
  });
});

describe('a spectrum', () => {
  it('refuses eigenvalues that are none', () => {
    expect(() => spectrumOf(Float64Array.of(1, Number.NaN), { N: 2, M: 2 })).toThrow(
      'eigenvalues[1] must be finite and not negative, got NaN',
    );
    expect(() => spectrumOf(Float64Array.of(2, 1), { N: 2, M: 2 })).toThrow('must ascend, got 2 before 1');
  });

  it('refuses shapes that do not fit', () => {
    const ten = new Float64Array(10);
    expect(() => spectrumOf(ten, { N: 3, M: 4 })).toThrow('shape must be integers N >= M >= 1, got 3 x 4');
    expect(() => spectrumOf(ten, { N: 8, M: 4 })).toThrow('multiple of M = 4, got 10');
    expect(spectrumOf(new Float64Array(12), { N: 8, M: 4 }).shape).toEqual({ N: 8, M: 4, replicas: 3 });
  });
});
