/**
 * How the power law p(lambda) ~ lambda^-alpha of the tail is fitted.
 * `paper`: as powerlaw 1.4.x does with xmax = max, which the authors used. `ww`: as WeightWatcher does, without xmax.
 * `hill`: from the median on, no search (Zhou et al., NeurIPS 2023, PL_Alpha_Hill).
 */
export const POWER_LAW_MODES = ['paper', 'ww', 'hill'] as const;
export type PowerLawMode = (typeof POWER_LAW_MODES)[number];

export interface PowerLawFit {
  mode: PowerLawMode;
  alpha: number;
  /** Standard error of alpha, (alpha - 1) / sqrt(tail). */
  sigma: number;
  /** Kolmogorov-Smirnov distance of the tail to the fitted law. */
  D: number;
  /** Smallest eigenvalue of the tail. */
  xmin: number;
  /** Largest eigenvalue; only in mode `paper` does the law end there. */
  xmax: number;
  /** Eigenvalues of the tail, xmin included. */
  tail: number;
}

export interface NoPowerLawFit {
  mode: PowerLawMode;
  alpha: null;
  reason: string;
}

// WeightWatcher takes the unbiased alpha 1 + (n - 1) / sum and tails of 8 or more where there are fewer than 20 eigenvalues. (Its
// bonus for long tails is computed but not used: the least distance decides.)
const WW_SMALL = 20;
const WW_SMALL_MIN_TAIL = 8;

/** Every eigenvalue may be xmin. */
const ANY_XMIN = { from: 0, to: Number.POSITIVE_INFINITY };

/** Tails tried first: what they reach ends the measuring of most others early. */
const PROBES = 16;

/**
 * Returns the power law of the tail of `evals` (ascending, all positive). alpha is the maximum-likelihood (Hill) estimate
 * 1 + n / sum ln(lambda / xmin); in modes `paper` and `ww` xmin is the eigenvalue of least Kolmogorov-Smirnov distance (Clauset,
 * Shalizi, Newman, SIAM Review 51 (2009) 661). Mode `paper` measures the distance to the law cut at the largest eigenvalue but
 * keeps the alpha of the law that is not cut: powerlaw 1.4.x leaves xmax out of the normalization of the likelihood.
 * With `xmins` only eigenvalues within them are taken for xmin (modes `paper` and `ww`). The result does not depend on the scale of the
 * eigenvalues.
 */
export function fitPowerLaw(
  evals: Float64Array,
  mode: PowerLawMode,
  xmins: { from: number; to: number } = ANY_XMIN,
): PowerLawFit | NoPowerLawFit {
  const n = evals.length;
  if (n < 2 || evals[0] === evals[n - 1]) {
    const got = n === 0 ? 'none' : `${n} equal to ${evals[0]}`;
    return { mode, alpha: null, reason: `a power law needs two different positive eigenvalues, got ${got}` };
  }
  if (!(evals[0]! > 0)) throw new RangeError(`eigenvalues of a power law must be positive, got ${evals[0]}`);
  const tails = new Tails(evals, mode === 'paper');
  if (mode === 'hill') {
    if (evals[n >> 1] === evals[n - 1]) {
      return {
        mode,
        alpha: null,
        reason: 'a power law needs eigenvalues above the median, got a median equal to the maximum',
      };
    }
    return tails.fit(mode, tails.startOfValue(n >> 1), 0);
  }
  if (mode === 'ww' && n < WW_SMALL) return smallFit(tails, n);
  let best = -1;
  let leastD = Number.POSITIVE_INFINITY;
  const bound = xmins === ANY_XMIN ? tails.leastDistanceOfSome(PROBES) : Number.POSITIVE_INFINITY;
  for (let start = 0; start < n - 1; start++) {
    if (start > 0 && evals[start] === evals[start - 1]) continue; // the same xmin again
    if (evals[start] === evals[n - 1]) break;
    if (evals[start]! < xmins.from || evals[start]! > xmins.to) continue;
    const D = tails.distance(start, tails.alpha(start, 0), Math.min(leastD, bound));
    if (D < leastD) {
      leastD = D;
      best = start;
    }
  }
  if (best === -1) {
    return { mode, alpha: null, reason: `no eigenvalue lies between ${xmins.from} and ${xmins.to}` };
  }
  return tails.fit(mode, best, 0);
}

function smallFit(tails: Tails, n: number): PowerLawFit {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let start = 0; n - start >= WW_SMALL_MIN_TAIL; start++) {
    const alpha = tails.alpha(start, 1);
    if (!Number.isFinite(alpha)) continue;
    const D = tails.distance(start, alpha);
    if (D < least) {
      least = D;
      best = start;
    }
  }
  return tails.fit('ww', best, 1);
}

/** The tails of one spectrum, by the index of their smallest eigenvalue. */
class Tails {
  private readonly logs: Float64Array;
  private readonly sums: Float64Array;
  private readonly evals: Float64Array;
  private readonly cut: boolean;
  /** Where a distance last exceeded its limit: that of the next tail mostly does so there too. */
  private far = 0;

  constructor(evals: Float64Array, cut: boolean) {
    this.evals = evals;
    this.cut = cut;
    const n = evals.length;
    // Logarithms of lambda / lambda_max keep the sums small, and with them the cancellation in alpha.
    const largest = evals[n - 1]!;
    this.logs = evals.map((value) => Math.log(value / largest));
    this.sums = new Float64Array(n + 1);
    for (let i = n - 1; i >= 0; i--) this.sums[i] = this.sums[i + 1]! + this.logs[i]!;
  }

  /** First index of the eigenvalue at `index`. */
  startOfValue(index: number): number {
    let start = index;
    while (start > 0 && this.evals[start - 1] === this.evals[start]) start--;
    return start;
  }

  /** The least distance among tails spread over the spectrum: that of the best tail is no larger. */
  leastDistanceOfSome(count: number): number {
    const { evals } = this;
    const n = evals.length;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const start = this.startOfValue(Math.floor((i * (n - 1)) / count));
      if (evals[start] === evals[n - 1]) continue;
      least = Math.min(least, this.distance(start, this.alpha(start, 0), least));
    }
    return least;
  }

  alpha(start: number, bias: 0 | 1): number {
    const count = this.evals.length - start;
    return 1 + (count - bias) / (this.sums[start]! - count * this.logs[start]!);
  }

  /** The distance of the law to the empirical distribution j/n, j = 0..n-1; stops with a larger number once it exceeds `limit`. */
  distance(start: number, alpha: number, limit = Number.POSITIVE_INFINITY): number {
    const { logs } = this;
    const n = logs.length;
    const count = n - start;
    const origin = logs[start]!;
    const mass = this.cut ? -Math.expm1((1 - alpha) * (logs[n - 1]! - origin)) : 1;
    const difference = (i: number): number => {
      const law = -Math.expm1((1 - alpha) * (logs[i]! - origin)) / mass;
      return Math.abs(law - (i - start) / count);
    };
    if (this.far > start) {
      const known = difference(this.far);
      if (known > limit) return known;
    }
    let largest = 0;
    for (let i = start; i < n; i++) {
      const here = difference(i);
      if (here > largest) {
        largest = here;
        if (largest > limit) {
          this.far = i;
          return largest;
        }
      }
    }
    return largest;
  }

  fit(mode: PowerLawMode, start: number, bias: 0 | 1): PowerLawFit {
    const { evals } = this;
    const tail = evals.length - start;
    const alpha = this.alpha(start, bias);
    return {
      mode,
      alpha,
      sigma: (alpha - 1) / Math.sqrt(tail),
      D: this.distance(start, alpha),
      xmin: evals[start]!,
      xmax: evals[evals.length - 1]!,
      tail,
    };
  }
}
