import type { Check } from './experimentFile.ts';

/** Returns how far a number may be from the authors'; null where the experiment's file sets no tolerance. */
export function allowedDifference({ tolerance }: Pick<Check, 'tolerance'>, authors: number): number | null {
  if (tolerance === undefined) return null;
  return 'absolute' in tolerance ? tolerance.absolute : tolerance.relative * Math.abs(authors);
}

/**
 * Returns whether what was found here is the authors', within the tolerance; null where that cannot be said. They name phases by eye,
 * some as one of two: `bulk-decay|heavy-tailed`.
 */
export function isWithin(
  here: number | string | null,
  authors: number | string | null,
  tolerance: number | null,
): boolean | null {
  if (typeof here === 'number' && typeof authors === 'number') {
    return tolerance === null ? null : Math.abs(here - authors) <= tolerance;
  }
  if (typeof here !== 'string' || typeof authors !== 'string') return null;
  return authors.split('|').includes(here);
}
