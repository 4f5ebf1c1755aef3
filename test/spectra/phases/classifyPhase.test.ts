import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { entryTail } from '../../../src/spectra/entryTail.ts';
import { marchenkoPasturQuantile } from '../../../src/spectra/laws/marchenkoPastur.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { PHASES } from '../../../src/spectra/phase.ts';
import {
  averagePhase,
  classifyPhase,
  type NoPhase,
  type PhaseVerdict,
  phaseColumns,
} from '../../../src/spectra/phases/classifyPhase.ts';
import { rightShare } from '../../../src/spectra/phases/reliability.ts';
import { THRESHOLDS } from '../../../src/spectra/phases/thresholds.ts';
import { MATRIX_FAMILIES, type MatrixFamily } from '../../../src/spectra/synthetic/families.ts';
import { familyDraw } from '../../../src/spectra/synthetic/familyDraw.ts';
import { gaussianMatrix, paretoMatrix, type Shape } from '../../../src/spectra/synthetic/matrices.ts';
import { roundedMatrix } from '../../../src/spectra/synthetic/roundedMatrix.ts';
import { weightSpectra } from '../../../src/spectra/weightSpectra.ts';
import { goldenEigenvalues } from '../golden.ts';

function named(result: PhaseVerdict | NoPhase): PhaseVerdict {
  if (result.phase === null) throw new Error(result.reason);
  return result;
}

const classify = (evals: Float64Array, N: number, M: number): PhaseVerdict =>
  named(classifyPhase(spectrumOf(evals, { N, M })));

/** An ideal bulk: the quantiles of the law of sigma at Q = N/M. */
function bulk(count: number, Q: number, sigma: number): number[] {
  return Array.from({ length: count }, (_, i) => marchenkoPasturQuantile((i + 0.5) / count, Q, sigma));
}

describe('matrices of known class', () => {
  // Shapes that the thresholds were not looked at on; the full set is in calibrate.long.ts.
  const shapes = [
    { rows: 150, cols: 60 },
    { rows: 400, cols: 200 },
    { rows: 260, cols: 260 },
    { rows: 800, cols: 400 },
  ];
  const precisions = ['bfloat16', 'float32', 'float16'] as const;
  const labels = (family: MatrixFamily, shape: Shape, draws: number) =>
    Array.from({ length: draws }, (_, index) => {
      const stream = randomStream(index, `test/phases/${family.name}/${shape.rows}`);
      const precision = precisions[index % precisions.length]!;
      const { spectrum, witnesses } = familyDraw(family, stream, shape, precision, typescriptLinearAlgebra);
      return { right: family.phase, ...named(classifyPhase(spectrum, witnesses)) };
    });
  const isRight = ({ phase, right }: { phase: string; right: string }) => phase === right;

  it('at most 2 in 100 of 1000 Gaussian matrices are not random-like', () => {
    const gaussian = MATRIX_FAMILIES.find(({ phase }) => phase === 'random-like')!;
    const drawn = labels(gaussian, { rows: 384, cols: 192 }, 1000);
    expect(drawn.filter(isRight).length).toBeGreaterThanOrEqual(980);
  });

  it.each(MATRIX_FAMILIES.filter(({ target, drawSpectrum }) => target && drawSpectrum === undefined))(
    '$name is $phase at least 95 times in 100, and never another for sure',
    (family) => {
      const drawn = shapes
        .filter(({ rows, cols }) => Math.min(rows, cols) >= family.minCols)
        .flatMap((shape) => labels(family, shape, 8));
      expect(drawn.filter(isRight).length / drawn.length).toBeGreaterThanOrEqual(0.95);
      const wrong = drawn.filter((draw) => !isRight(draw));
      expect(wrong.filter(({ confidence }) => confidence > 0.75)).toEqual([]);
    },
  );

  it('a strong signal and a shrunken bulk are one spectrum: ambiguous until the scale is known', () => {
    const shape = { rows: 800, cols: 400 };
    const family = MATRIX_FAMILIES.find(({ name }) => name === 'shrunken bulk')!;
    const { spectrum } = familyDraw(
      family,
      randomStream(0, 'test/phases/scale'),
      shape,
      'float32',
      typescriptLinearAlgebra,
    );
    const unknown = named(classifyPhase(spectrum));
    expect(unknown.ambiguous).toBe(true);
    expect([unknown.phase, unknown.runnerUp].sort()).toEqual(['bulk+spikes', 'rank-collapse']);
    expect(unknown.evidence).toContain('the scale of the first epoch would tell');
    const strong = named(classifyPhase(spectrum, { initialSigma: 1 }));
    expect(strong).toMatchObject({ phase: 'bulk+spikes', ambiguous: false });
    expect(strong.evidence).toContain('which is as wide as at epoch 0');
    const shrunken = named(classifyPhase(spectrum, { initialSigma: 30 }));
    expect(shrunken).toMatchObject({ phase: 'rank-collapse', ambiguous: false });
    expect(shrunken.evidence).toContain('sigma_mp 0.0333 of that of epoch 0');
  });

  it.each(['bfloat16', 'float8_e4m3', 'float8_e5m2'] as const)(
    'what the rounding of %s hides of noise is no collapse',
    (precision) => {
      const shape = { rows: 300, cols: 300 };
      const W = gaussianMatrix(randomStream(0, 'test/phases/rounded'), shape).map((w) => 20 * w);
      const weights = { matrices: [roundedMatrix(W, precision)], ...shape, precision };
      const [spectrum] = weightSpectra([weights], typescriptLinearAlgebra);
      expect(named(classifyPhase(spectrum!)).phase).toBe('random-like');
    },
  );

  it.each([128, 192, 260])(
    'the zeros of %i columns of heavy-tailed entries in bfloat16 are no collapse',
    (n) => {
      const shape = { rows: n, cols: n };
      const reasons = Array.from({ length: 12 }, (_, index) => {
        const stream = randomStream(index, 'test/phases/hidden');
        const W = paretoMatrix(stream, shape, { mu: 1 + index / 60, kind: 'symmetric' });
        const weights = {
          matrices: [roundedMatrix(W, 'bfloat16')],
          ...shape,
          precision: 'bfloat16' as const,
        };
        return named(classifyPhase(weightSpectra([weights], typescriptLinearAlgebra)[0]!)).evidence;
      });
      expect(reasons.filter((reason) => reason.startsWith('a good part of the eigenvalues is 0'))).toEqual(
        [],
      );
    },
  );

  it('has no phase where the limit of 0 lies in the midst of a spectrum without a bulk', () => {
    const [N, M] = [64, 64];
    // What four significant bits round to 0 of a trace of 1 ends at 1.8e-4; six lie just above it.
    const evals = [
      ...Array.from({ length: 57 }, (_, i) => 1e-4 * (1 + i / 75)),
      ...[2, 2.3, 2.6, 2.9, 3.2, 3.5].map((value) => value * 1e-4),
      1,
    ];
    const spectrum = spectrumOf(Float64Array.from(evals), { N, M }, { significantBits: 4, step: 0 });
    expect(spectrum.rank).toBe(7);
    expect(classifyPhase(spectrum)).toMatchObject({
      phase: null,
      reason: 'fewer than 8 positive eigenvalues lie within a bulk',
    });
  });

  it('tells a heavy tail of entries from a few outliers and from correlations by the sizes of the entries', () => {
    const shape = { rows: 400, cols: 200 };
    const of = (W: Float64Array) => {
      const weights = { matrices: [W], ...shape, precision: 'float64' as const };
      const [spectrum] = weightSpectra([weights], typescriptLinearAlgebra);
      const entries = entryTail(weights, typescriptLinearAlgebra);
      return {
        alone: named(classifyPhase(spectrum!)),
        known: named(classifyPhase(spectrum!, { entries })),
      };
    };
    const pareto = of(
      paretoMatrix(randomStream(4, 'test/phases/entries'), shape, { mu: 2.7, kind: 'symmetric' }),
    );
    expect(pareto.alone.phase).toBe('bulk+spikes');
    expect(pareto.known).toMatchObject({ phase: 'heavy-tailed', ambiguous: false });
    expect(pareto.known.evidence).toContain('single entries are large enough to make the outliers');
    // The authors' spiked model has its spike in one entry.
    const W = gaussianMatrix(randomStream(4, 'test/phases/entries'), shape);
    W[0] = 3;
    const spiked = of(W);
    expect(spiked.alone.phase).toBe('bulk+spikes');
    expect(spiked.known.phase).toBe('bulk+spikes');
    expect(spiked.known.evidence).toContain('single entries: 1.0 spikes expected, mu');
  });

  it('spikes that permuted copies have too come from single entries', () => {
    const shape = { rows: 400, cols: 200 };
    const pareto = MATRIX_FAMILIES.find(({ name }) => name === 'the same, copies at hand')!;
    const spiked = MATRIX_FAMILIES.find(({ name }) => name === 'spikes, copies at hand')!;
    const of = (family: MatrixFamily) => {
      const stream = randomStream(1, 'test/phases/copies');
      const draw = familyDraw(family, stream, shape, 'float32', typescriptLinearAlgebra);
      return named(classifyPhase(draw.spectrum, draw.witnesses));
    };
    expect(of(pareto).phase).toBe('heavy-tailed');
    expect(of(pareto).evidence).toMatch(/^permuted copies have the outliers too/);
    expect(of(spiked).phase).toBe('bulk+spikes');
    expect(of(spiked).evidence).toMatch(/permuted copies: 0.* spikes, R_mp 0\.9|permuted copies: 0.* R_mp 1/);
  });

  it.each([
    ['gauss_192x384', 'random-like'],
    ['gauss1e-3_192x384', 'random-like'],
    ['spiked_192x384', 'bulk+spikes'],
    ['portable_spiked_192x384_s2', 'bulk+spikes'],
    ['pareto1_192x384', 'heavy-tailed'],
    ['lowrank_192x384', 'rank-collapse'],
  ])('the golden %s is %s', (name, phase) => {
    expect(classify(goldenEigenvalues[name]!, 384, 192).phase).toBe(phase);
  });
});

describe('labelled spectra', () => {
  // FC1 of the authors' batch-size sweep, rebuilt from what they print: bulk sigma, spikes per run, lambda_max. The spikes fall off
  // linearly from lambda_max to the edge.
  const authors = [
    { b: 1000, sigma: 1.1929, spikes: 0, lambdaMax: 2.43, phase: 'random-like' },
    { b: 500, sigma: 1.2017, spikes: 0, lambdaMax: 2.46, phase: 'random-like' },
    { b: 150, sigma: 1.2054, spikes: 5, lambdaMax: 2.7, phase: 'bleeding-out' },
    { b: 50, sigma: 1.1996, spikes: 9, lambdaMax: 3.07, phase: 'bulk+spikes' },
    { b: 32, sigma: 1.2054, spikes: 9, lambdaMax: 3.35, phase: 'bulk+spikes' },
    { b: 16, sigma: 1.2059, spikes: 18, lambdaMax: 4.14, phase: 'bulk+spikes' },
    { b: 8, sigma: 1.2428, spikes: 33, lambdaMax: 5.96, phase: 'bulk-decay' },
  ];
  it.each(authors)('b = $b is $phase', ({ sigma, spikes, lambdaMax, phase }) => {
    const [N, M] = [4096, 384];
    const inside = bulk(M - spikes, N / M, sigma);
    const edge = sigma ** 2 * (1 + Math.sqrt(M / N)) ** 2;
    const outside = Array.from({ length: spikes }, (_, i) => edge + ((i + 1) / spikes) * (lambdaMax - edge));
    const result = classify(Float64Array.from([...inside, ...outside]).sort(), N, M);
    expect(result.phase, result.evidence).toBe(phase);
  });
});

describe('a verdict', () => {
  const spiked = goldenEigenvalues.spiked_192x384!;

  it('has beliefs that sum to 1, and names the most believed of the other phases second', () => {
    for (const evals of Object.values(goldenEigenvalues).filter((values) => values.length === 192)) {
      const result = classify(evals, 384, 192);
      const beliefs = PHASES.map((phase) => result.beliefs[phase]);
      expect(beliefs.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      const others = PHASES.filter((phase) => phase !== result.phase).map((phase) => result.beliefs[phase]);
      expect(result.beliefs[result.runnerUp]).toBe(Math.max(...others));
      expect(result.confidence).toBe(rightShare(result.beliefs[result.phase]));
      expect(result.ambiguous).toBe(result.confidence < 0.75);
    }
  });

  it('is the same at any scale', () => {
    for (const scale of [1e-12, 1e12]) {
      const scaled = classify(
        spiked.map((value) => value * scale),
        384,
        192,
      );
      const one = classify(spiked, 384, 192);
      expect(scaled.phase).toBe(one.phase);
      expect(scaled.confidence).toBeCloseTo(one.confidence, 9);
    }
  });

  it('is ambiguous at a threshold and sure far from it', () => {
    const inside = bulk(380, 4096 / 384, 1);
    const edge = (1 + Math.sqrt(384 / 4096)) ** 2;
    const at = (softRank: number) =>
      classify(Float64Array.from([...inside, ...new Array(4).fill(edge / softRank)]), 4096, 384);
    expect(at(THRESHOLDS.separation.at - 0.015)).toMatchObject({ ambiguous: true });
    expect(at(0.5)).toMatchObject({ phase: 'bulk+spikes', ambiguous: false });
    expect(at(0.91)).toMatchObject({ phase: 'bleeding-out', ambiguous: false });
    // Significant, but too little for the eye.
    expect(at(0.97)).toMatchObject({ ambiguous: true, runnerUp: 'random-like' });
  });

  it.each([
    ['gauss_192x384', /^nothing lies above the bulk edge; /],
    ['spiked_192x384', /^a few spikes lie apart from a clean bulk; /],
    [
      'pareto1_192x384',
      /^lambda_max is far beyond the edge, and a power law fits the tail; .*power law of alpha/,
    ],
    ['lowrank_192x384', /^a good part of the eigenvalues is 0; /],
  ])('begins the evidence of %s with what decided', (name, reason) => {
    expect(classify(goldenEigenvalues[name]!, 384, 192).evidence).toMatch(reason);
  });

  it('names the quantities it rests on', () => {
    expect(classify(spiked, 384, 192).evidence).toContain('5 eigenvalues (2.60 %) above the bulk edge');
    expect(classify(goldenEigenvalues.lowrank_192x384!, 384, 192).evidence).toContain(
      '50.0 % of the eigenvalues 0',
    );
  });

  it('fills the columns of a row', () => {
    expect(phaseColumns(classify(spiked, 384, 192))).toMatchObject({
      phase: 'bulk+spikes',
      phase_ambiguous: false,
    });
    expect(phaseColumns(classifyPhase(spectrumOf(new Float64Array(9), { N: 9, M: 9 })))).toEqual({
      phase: null,
      phase_confidence: null,
      phase_ambiguous: null,
      phase_runner_up: null,
      phase_evidence: 'all eigenvalues are 0',
    });
  });

  it('of pooled runs is that of each, and of averaged ones too', () => {
    const family = MATRIX_FAMILIES.find(({ name }) => name === 'spiked')!;
    const shape = { rows: 300, cols: 150 };
    const runs = [0, 1, 2, 3].map((seed) =>
      typescriptLinearAlgebra.eigenvalues(
        family.draw(randomStream(seed, 'test/phases/pool'), shape),
        300,
        150,
      ),
    );
    const pooled = Float64Array.from(runs.flatMap((evals) => [...evals])).sort();
    expect(classify(pooled, 300, 150).phase).toBe('bulk+spikes');
    const average = averagePhase(runs.map((evals) => classify(evals, 300, 150)));
    expect(average).toMatchObject({ phase: 'bulk+spikes', evidence: 'runs: 4 bulk+spikes' });
    expect(() => averagePhase([])).toThrow('verdicts must be one or more, got none');
  });

  it('of pooled noise stays random-like', () => {
    const shape = { rows: 120, cols: 60 };
    let wrong = 0;
    for (let pool = 0; pool < 20; pool++) {
      const evals = [0, 1, 2, 3, 4].flatMap((run) => [
        ...typescriptLinearAlgebra.eigenvalues(
          MATRIX_FAMILIES[0]!.draw(randomStream(run, `test/phases/noise/${pool}`), shape),
          120,
          60,
        ),
      ]);
      if (classify(Float64Array.from(evals).sort(), 120, 60).phase !== 'random-like') wrong++;
    }
    expect(wrong).toBeLessThanOrEqual(1);
  });
});
