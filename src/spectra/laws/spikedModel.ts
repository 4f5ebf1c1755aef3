/**
 * The spiked model: N x M noise of sigma = 1 (sqrt(N) * elementwise standard deviation) plus a perturbation of low rank with
 * singular value S. Baik, Ben Arous and Peche, Ann. Probab. 33 (2005) 1643; Benaych-Georges and Nadakuditi, J. Multivariate Anal.
 * 111 (2012) 120. For another sigma give S / sigma and multiply locations by sigma^2. Q = N/M >= 1.
 */

/** Returns the singular value Q^-1/4 above which a perturbation shows outside of the bulk (the BBP transition). */
export function criticalStrength(Q: number): number {
  checkAspect(Q);
  return Q ** -0.25;
}

/**
 * Returns where the eigenvalue of a perturbation of singular value S lies for large matrices: (1/Q + S^2)(1 + 1/S^2) above the
 * critical strength, the bulk edge (1 + Q^-1/2)^2 below.
 */
export function spikeLocation(S: number, Q: number): number {
  if (!(S >= 0)) throw new RangeError(`strength must be 0 or more, got ${S}`);
  if (S <= criticalStrength(Q)) return (1 + 1 / Math.sqrt(Q)) ** 2;
  const h = S * S;
  return (1 / Q + h) * (1 + 1 / h);
}

/** Returns the singular value S whose eigenvalue lies at `location`, which must be at the bulk edge (1 + Q^-1/2)^2 or above. */
export function spikeStrength(location: number, Q: number): number {
  const edge = (1 + 1 / Math.sqrt(checkAspect(Q))) ** 2;
  if (!(location >= edge * (1 - 1e-12))) {
    throw new RangeError(`location must be at least the bulk edge ${edge}, got ${location}`);
  }
  // spikeLocation(S) = h + 1/(Q h) + 1 + 1/Q with h = S^2: the larger root.
  const half = (location - 1 - 1 / Q) / 2;
  return Math.sqrt(half + Math.sqrt(Math.max(0, half * half - 1 / Q)));
}

/** Returns the authors' scale tau of a spike's fluctuation, sqrt(2) (1 + S^2) sqrt(1 - 1/(Q S^4)), for S above the critical strength; the standard deviation is of order tau / sqrt(N). */
export function spikeFluctuation(S: number, Q: number): number {
  if (!(S > criticalStrength(Q))) {
    throw new RangeError(`strength must be above the critical ${criticalStrength(Q)}, got ${S}`);
  }
  const h = S * S;
  return Math.SQRT2 * (1 + h) * Math.sqrt(1 - 1 / (Q * h * h));
}

function checkAspect(Q: number): number {
  if (!(Q >= 1)) throw new RangeError(`Q must be 1 or more, got ${Q}`);
  return Q;
}
