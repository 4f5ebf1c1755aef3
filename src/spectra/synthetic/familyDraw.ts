import type { RandomStream } from '../../base/random/stream.ts';
import type { LinearAlgebra } from '../linalg/linearAlgebra.ts';
import type { WeightPrecision } from '../measures/rounding.ts';
import { type Spectrum, spectrumOf } from '../measures/spectrum.ts';
import { nullCalibration } from '../nullCalibration.ts';
import { permutedWitness, type Witnesses } from '../phases/witnesses.ts';
import { weightSpectra } from '../weightSpectra.ts';
import type { MatrixFamily } from './families.ts';
import type { Shape } from './matrices.ts';
import { roundedMatrix } from './roundedMatrix.ts';

const COPIES = 3;

/** Returns a matrix of a family as the classifier gets to see it: its spectrum as stored in a format, and what the family says is known. */
export function familyDraw(
  family: MatrixFamily,
  stream: RandomStream,
  shape: Shape,
  precision: WeightPrecision,
  algebra: LinearAlgebra,
): { spectrum: Spectrum; witnesses: Partial<Witnesses> } {
  if (family.drawSpectrum !== undefined) {
    const sides = { N: Math.max(shape.rows, shape.cols), M: Math.min(shape.rows, shape.cols) };
    return { spectrum: spectrumOf(family.drawSpectrum(stream, shape), sides), witnesses: {} };
  }
  const weights = { ...shape, matrices: [roundedMatrix(family.draw(stream, shape), precision)], precision };
  const spectrum = weightSpectra([weights], algebra)[0]!;
  const initialSigma = family.initialSigma?.(stream) ?? null;
  if (family.permuted !== true) return { spectrum, witnesses: { initialSigma } };
  const calibration = nullCalibration(spectrum, weights, { copies: COPIES, fit: 'hill' }, stream, algebra);
  return { spectrum, witnesses: { initialSigma, permuted: permutedWitness(calibration) } };
}
