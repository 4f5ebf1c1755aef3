import { analyzeLayer } from '../../analyze/analyzeLayer.ts';
import { randomStream } from '../../base/random/stream.ts';
import { analysisSchema } from '../../experiment/config/schema.ts';
import { fitPowerLaw } from '../../spectra/laws/powerLaw.ts';
import { spectrumOf } from '../../spectra/measures/spectrum.ts';
import { paretoMatrix } from '../../spectra/synthetic/matrices.ts';
import type { CalculatedNumber } from '../reproducedNumbers.ts';
import { type AlphaOfMu, alphaOfMuFigure } from './alphaOfMuFigure.ts';
import {
  type Calculated,
  type CalculatedSpectrum,
  type CalculationOptions,
  meanOf,
  medianOf,
} from './calculation.ts';

// The authors' sizes (HeavyTailedUniversalityClasses notebook).
const SINGLE_MUS = [0.4, 1.2, 2.5, 3.5, 5];
const SINGLE_SHAPE = { rows: 1000, cols: 300 };
const SWEEP_SHAPE = { rows: 2000, cols: 1000 };
const [MU_LOW, MU_HIGH] = [0.5, 3.5];

/** Returns Pareto (Lomax) matrices of five mu, `repeats` times, and alpha against mu over `draws` matrices, its halves fitted apart. */
export async function universality(
  { draws, repeats }: { draws: number; repeats: number },
  { algebra, progress }: CalculationOptions,
): Promise<Calculated> {
  const spectra: CalculatedSpectrum[] = [];
  const numbers: Record<string, CalculatedNumber> = {};
  for (const mu of SINGLE_MUS) {
    const layer = `mu=${mu}`;
    const drawn: CalculatedSpectrum[] = [];
    for (let draw = 0; draw < repeats; draw++) {
      await progress(`Pareto matrices, ${layer}: ${draw} of ${repeats}`);
      const W = paretoMatrix(randomStream(draw, `universality/${layer}`), SINGLE_SHAPE, {
        mu,
        kind: 'lomax',
      });
      const weights = { layer, ...SINGLE_SHAPE, matrices: [W], precision: 'float64', where: layer } as const;
      drawn.push(analyzeLayer(weights, analysisSchema.parse({}), algebra));
    }
    spectra.push(drawn[0]!);
    for (const column of ['alpha', 'D'] as const) {
      numbers[`${layer}.${column}`] = medianOf(drawn.flatMap(({ row }) => row[column] ?? []));
    }
  }
  const points: AlphaOfMu[] = [];
  const stream = randomStream(0, 'universality/sweep');
  for (let draw = 0; draw < draws; draw++) {
    await progress(`alpha against mu: ${draw} of ${draws}`);
    // Evenly spread with a little chance: the authors drew mu at random.
    const mu = MU_LOW + ((MU_HIGH - MU_LOW) * (draw + stream.uniform())) / draws;
    const W = paretoMatrix(stream, SWEEP_SHAPE, { mu, kind: 'lomax' });
    const evals = algebra.eigenvalues(W, SWEEP_SHAPE.rows, SWEEP_SHAPE.cols);
    // At small mu one entry can be so large that the smallest eigenvalues are lost to rounding.
    const { positive } = spectrumOf(evals, { N: SWEEP_SHAPE.rows, M: SWEEP_SHAPE.cols }, 'float64');
    const { alpha } = fitPowerLaw(positive, 'paper');
    if (alpha !== null) points.push({ mu, alpha });
  }
  const middle = Math.floor(points.length / 2);
  for (const [half, part] of [
    ['lower', points.slice(0, middle)],
    ['upper', points.slice(middle)],
  ] as const) {
    const { slope, intercept } = leastSquares(part);
    numbers[`${half}.slope`] = { value: slope, draws: part.length };
    numbers[`${half}.intercept`] = { value: intercept, draws: part.length };
  }
  return { spectra, numbers, figures: [alphaOfMuFigure(points)] };
}

function leastSquares(points: readonly AlphaOfMu[]): { slope: number; intercept: number } {
  const x = meanOf(points.map(({ mu }) => mu)).value;
  const y = meanOf(points.map(({ alpha }) => alpha)).value;
  const covariance = points.reduce((sum, { mu, alpha }) => sum + (mu - x) * (alpha - y), 0);
  const slope = covariance / points.reduce((sum, { mu }) => sum + (mu - x) ** 2, 0);
  return { slope, intercept: y - slope * x };
}
