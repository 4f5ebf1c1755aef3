import { analyzeLayer } from '../../analyze/analyzeLayer.ts';
import { randomStream } from '../../base/random/stream.ts';
import { analysisSchema } from '../../experiment/config/schema.ts';
import { gaussianMatrix } from '../../spectra/synthetic/matrices.ts';
import type { CalculatedNumber } from '../reproducedNumbers.ts';
import { type Calculated, type CalculatedSpectrum, type CalculationOptions, meanOf } from './calculation.ts';

const ASPECTS = [1, 2, 10];

/** Returns the spectra of Gaussian matrices of `columns` columns and Q = 1, 2, 10, beside which the Marchenko-Pastur law stands. */
export async function marchenkoPasturLaws(
  { columns, draws }: { columns: number; draws: number },
  { algebra, progress }: CalculationOptions,
): Promise<Calculated> {
  const spectra: CalculatedSpectrum[] = [];
  const numbers: Record<string, CalculatedNumber> = {};
  for (const Q of ASPECTS) {
    const layer = `Q=${Q}`;
    const shape = { rows: Q * columns, cols: columns };
    const drawn: CalculatedSpectrum[] = [];
    for (let draw = 0; draw < draws; draw++) {
      await progress(`Gaussian matrices, ${layer}: ${draw} of ${draws}`);
      const W = gaussianMatrix(randomStream(draw, `marchenkoPastur/${layer}`), shape);
      const weights = { layer, ...shape, matrices: [W], precision: 'float64', where: layer } as const;
      drawn.push(analyzeLayer(weights, analysisSchema.parse({}), algebra));
    }
    spectra.push(drawn[0]!);
    for (const column of ['sigma_mp', 'lambda_max', 'lambda_min', 'bulk_ks', 'num_spikes'] as const) {
      numbers[`${layer}.${column}`] = meanOf(drawn.map(({ row }) => row[column]!));
    }
  }
  return { spectra, numbers, figures: [] };
}
