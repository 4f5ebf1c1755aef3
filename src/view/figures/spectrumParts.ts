import { BAR, SPIKE } from './figure.ts';

/** The parts of a spectrum, and the colour of each. */
export const PARTS = [
  ['bulk', BAR],
  ['bleeding', '#c99a06'],
  ['spike', SPIKE],
] as const;
export type SpectrumPart = (typeof PARTS)[number][0];

/**
 * Returns the part that an eigenvalue of a spectrum with these edges is in: a spike lies above the Tracy-Widom edge, what bleeds out
 * between it and the edge of the bulk; without a Marchenko-Pastur fit all is bulk.
 */
export function partOf(
  { lambda_plus, tw_edge }: { lambda_plus: number | null; tw_edge: number | null },
  eigenvalue: number,
): SpectrumPart {
  if (eigenvalue > (tw_edge ?? Number.POSITIVE_INFINITY)) return 'spike';
  return eigenvalue > (lambda_plus ?? Number.POSITIVE_INFINITY) ? 'bleeding' : 'bulk';
}
