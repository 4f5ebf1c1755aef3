import { analyzeLayer } from '../../analyze/analyzeLayer.ts';
import { randomStream } from '../../base/random/stream.ts';
import { analysisSchema } from '../../experiment/config/schema.ts';
import { sigmaOfEdge } from '../../spectra/laws/marchenkoPastur.ts';
import { criticalStrength, spikeFluctuation, spikeLocation } from '../../spectra/laws/spikedModel.ts';
import { gaussianMatrix } from '../../spectra/synthetic/matrices.ts';
import { type Calculated, type CalculatedSpectrum, type CalculationOptions, meanOf } from './calculation.ts';

// The authors' sizes and strengths (Spiked-Models notebook).
const SHAPE = { rows: 1000, cols: 500 };
const ROW_FACTOR = 2;
const STRENGTH = 1.2;

/** Returns noise, noise with one strong row, and noise with a spike just above the transition, whose eigenvalue fluctuates as tau / sqrt(N). */
export async function spikedCovariance(
  { draws }: { draws: number },
  { algebra, progress }: CalculationOptions,
): Promise<Calculated> {
  const { rows, cols } = SHAPE;
  const Q = rows / cols;
  const S = STRENGTH * criticalStrength(Q);
  const sigmas = { noise: [] as number[], row: [] as number[] };
  const deviations: number[] = [];
  const spectra: CalculatedSpectrum[] = [];
  for (let draw = 0; draw < draws; draw++) {
    await progress(`spiked matrices: ${draw} of ${draws}`);
    const stream = randomStream(draw, 'spikedCovariance');
    const noise = gaussianMatrix(stream, SHAPE);
    const spiked = noise.slice();
    spiked[0]! += S;
    const largest = (W: Float64Array): number => algebra.eigenvalues(W, rows, cols).at(-1)!;
    deviations.push((largest(spiked) - spikeLocation(S, Q)) / spikeFluctuation(S, Q));
    // The sigmas settle after a few draws; the fluctuation needs them all.
    if (draw >= SIGMA_DRAWS) continue;
    const withRow = noise.slice();
    for (let j = 0; j < cols; j++) withRow[j]! += (ROW_FACTOR * stream.normal()) / Math.sqrt(rows);
    sigmas.noise.push(sigmaOfEdge(largest(noise), Q));
    sigmas.row.push(sigmaOfEdge(largest(withRow), Q));
    if (draw > 0) continue;
    const shown = { noise, 'noise and a row': withRow, 'noise and a spike': spiked };
    for (const [layer, W] of Object.entries(shown)) {
      const weights = { layer, ...SHAPE, matrices: [W], precision: 'float64', where: layer } as const;
      spectra.push(analyzeLayer(weights, analysisSchema.parse({}), algebra));
    }
  }
  const center = meanOf(deviations).value;
  const variance = deviations.reduce((sum, value) => sum + (value - center) ** 2, 0) / deviations.length;
  const sd = { value: Math.sqrt(variance), draws };
  return {
    spectra,
    numbers: {
      sigma_noise: meanOf(sigmas.noise),
      sigma_row: meanOf(sigmas.row),
      sd_over_tau: sd,
      sd_over_tau_sqrt_N: { ...sd, value: sd.value * Math.sqrt(rows) },
      sd_over_tau_sqrt_M: { ...sd, value: sd.value * Math.sqrt(cols) },
    },
    figures: [],
  };
}

const SIGMA_DRAWS = 20;
