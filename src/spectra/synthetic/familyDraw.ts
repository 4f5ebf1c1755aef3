import type { RandomStream } from '../../base/random/stream.ts';
import { type EntryTail, entryTail } from '../entryTail.ts';
import type { EntryPasses } from '../linalg/entryPasses.ts';
import type { LinearAlgebra } from '../linalg/linearAlgebra.ts';
import type { WeightPrecision } from '../measures/rounding.ts';
import { type Spectrum, spectrumOf } from '../measures/spectrum.ts';
import { nullCalibration } from '../nullCalibration.ts';
import { permutedWitness, type Witnesses } from '../phases/witnesses.ts';
import { type WeightMatrices, weightSpectra } from '../weightSpectra.ts';
import type { MatrixFamily } from './families.ts';
import { type Shape, spreadAxes } from './matrices.ts';
import { roundedMatrix } from './roundedMatrix.ts';

const COPIES = 3;

export interface FamilyDraw {
  spectrum: Spectrum;
  /** What the family says is known. */
  witnesses: Partial<Witnesses>;
  /** What is known besides where the weights are at hand; null where only eigenvalues were drawn. */
  entries: EntryTail | null;
}

/** Returns a matrix of a family as the classifier gets to see it, stored in a format. */
export function familyDraw(
  family: MatrixFamily,
  stream: RandomStream,
  shape: Shape,
  precision: WeightPrecision,
  algebra: LinearAlgebra,
): FamilyDraw {
  if (family.drawSpectrum !== undefined) {
    const sides = { N: Math.max(shape.rows, shape.cols), M: Math.min(shape.rows, shape.cols) };
    return {
      spectrum: spectrumOf(family.drawSpectrum(stream, shape), sides),
      witnesses: {},
      entries: null,
    };
  }
  const weights = { ...shape, matrices: [roundedMatrix(family.draw(stream, shape), precision)], precision };
  const spectrum = weightSpectra([weights], algebra)[0]!;
  const entries = entriesOf(weights, family.onAxes === true, algebra);
  const initialSigma = family.initialSigma?.(stream) ?? null;
  const witnesses = { initialSigma, entries: family.entries === true ? entries : null };
  if (family.permuted !== true) return { spectrum, witnesses, entries };
  const calibration = nullCalibration(spectrum, weights, { copies: COPIES, fit: 'hill' }, stream, algebra);
  return { spectrum, witnesses: { ...witnesses, permuted: permutedWitness(calibration) }, entries };
}

/**
 * Returns what the entries of a matrix say. A signal drawn on coordinate axes has the eigenvalues of any other; its entries are looked
 * at where it stands on directions that no entry belongs to.
 */
export function entriesOf(weights: WeightMatrices, onAxes: boolean, passes: EntryPasses): EntryTail {
  const matrices = onAxes ? weights.matrices.map((W) => spreadAxes(W, weights)) : weights.matrices;
  return entryTail({ ...weights, matrices }, passes);
}
