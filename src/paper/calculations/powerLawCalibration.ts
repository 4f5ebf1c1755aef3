import { quantile } from '../../base/quantile.ts';
import { randomStream } from '../../base/random/stream.ts';
import { fitPowerLaw } from '../../spectra/laws/powerLaw.ts';
import type { CalculatedNumber } from '../reproducedNumbers.ts';
import { type Calculated, type CalculationOptions, meanOf } from './calculation.ts';
import { type FittedAlpha, fittedAlphaFigure } from './fittedAlphaFigure.ts';

const ALPHAS = [1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5];
/** From the columns of a small layer to the authors' large samples. */
const SIZES = [100, 300, 1000, 5000];
/** Ends of the band that holds most of the draws. */
const BAND = [0.1, 0.9] as const;

/** Returns alpha as it is fitted to `draws` samples of a power law from 1 on, for every exponent and size of the sample. */
export async function powerLawCalibration(
  { draws }: { draws: number },
  { progress }: CalculationOptions,
): Promise<Calculated> {
  const points: FittedAlpha[] = [];
  const numbers: Record<string, CalculatedNumber> = {};
  for (const n of SIZES) {
    for (const alpha of ALPHAS) {
      const sample = `alpha=${alpha}, n=${n}`;
      await progress(`samples of power laws: ${sample}`);
      const stream = randomStream(0, `powerLawCalibration/${sample}`);
      const fitted = Array.from({ length: draws }, () => {
        const values = Float64Array.from({ length: n }, () => (1 - stream.uniform()) ** (-1 / (alpha - 1)));
        return fitPowerLaw(values.sort(), 'paper').alpha!;
      }).sort((a, b) => a - b);
      numbers[`${sample}.alpha`] = meanOf(fitted);
      const [low, high] = BAND.map((share) => quantile(fitted, share)) as [number, number];
      points.push({ n, alpha, fitted: numbers[`${sample}.alpha`]!.value, low, high });
    }
  }
  return { spectra: [], numbers, figures: [fittedAlphaFigure(points, draws)] };
}
