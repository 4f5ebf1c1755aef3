/**
 * The Marchenko-Pastur law of the eigenvalues of W^T W (no 1/N) for N x M noise of elementwise standard deviation s, in the
 * limit of a large matrix. Everywhere Q = N/M >= 1 and sigma = sqrt(N) * s, a standard deviation (so sigma is about 1.19 for
 * the untrained FC1 of MiniAlexNet); the scale of the eigenvalues is sigma^2.
 * Marchenko and Pastur, Math. USSR Sbornik 1 (1967) 457; Martin and Mahoney, JMLR 22(165) (2021), section 3.
 */
export interface MarchenkoPasturEdges {
  lambdaMinus: number;
  lambdaPlus: number;
}

/** Returns the ends of the support, sigma^2 (1 -+ Q^-1/2)^2. */
export function marchenkoPasturEdges(Q: number, sigma: number): MarchenkoPasturEdges {
  checkLaw(Q, sigma);
  const root = 1 / Math.sqrt(Q);
  return { lambdaMinus: (sigma * (1 - root)) ** 2, lambdaPlus: (sigma * (1 + root)) ** 2 };
}

/** Returns the density at lambda, Q / (2 pi sigma^2 lambda) sqrt((lambdaPlus - lambda)(lambda - lambdaMinus)), 0 outside of the support. */
export function marchenkoPasturDensity(lambda: number, Q: number, sigma: number): number {
  const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(Q, sigma);
  if (lambda <= 0 || lambda < lambdaMinus || lambda > lambdaPlus) return 0;
  const root = Math.sqrt((lambdaPlus - lambda) * (lambda - lambdaMinus));
  return (Q * root) / (2 * Math.PI * sigma * sigma * lambda);
}

/** Returns the probability of an eigenvalue <= lambda, in closed form (the density integrates to arc tangents). */
export function marchenkoPasturCdf(lambda: number, Q: number, sigma: number): number {
  checkLaw(Q, sigma);
  const x = lambda / (sigma * sigma);
  const y = 1 / Q;
  const a = (1 - Math.sqrt(y)) ** 2;
  const b = (1 + Math.sqrt(y)) ** 2;
  if (x <= a) return 0;
  if (x >= b) return 1;
  const root = Math.sqrt((b - x) * (x - a));
  // atan2 keeps full precision at both edges, where the arc sine of the textbook form loses half of the digits.
  const upper = Math.atan2(2 * x - a - b, 2 * root) + Math.PI / 2;
  const lower = y === 1 ? 0 : Math.atan2((a + b) * x - 2 * a * b, 2 * root * (1 - y)) + Math.PI / 2;
  const mass = (root + (1 + y) * upper - (1 - y) * lower) / (2 * Math.PI * y);
  return Math.min(1, Math.max(0, mass));
}

/** Returns the eigenvalue below which a share `probability` (0..1) of the law lies. */
export function marchenkoPasturQuantile(probability: number, Q: number, sigma: number): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`probability must be in 0..1, got ${probability}`);
  }
  let { lambdaMinus: low, lambdaPlus: high } = marchenkoPasturEdges(Q, sigma);
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (marchenkoPasturCdf(middle, Q, sigma) < probability) low = middle;
    else high = middle;
  }
}

/** Returns the sigma whose law ends at lambdaPlus: the authors' way from an edge to sigma. */
export function sigmaOfEdge(lambdaPlus: number, Q: number): number {
  return Math.sqrt(lambdaPlus) / (1 + 1 / Math.sqrt(Q));
}

function checkLaw(Q: number, sigma: number): void {
  if (!(Q >= 1)) throw new RangeError(`Q must be 1 or more, got ${Q}`);
  if (!(sigma > 0)) throw new RangeError(`sigma must be positive, got ${sigma}`);
}
