import { nelderMead } from './nelderMead.ts';
import { erfc, logErfc, logExponentialIntegral } from './specialFunctions.ts';

/** Laws a tail is compared with: the authors' abbreviations. PL: power law; TPL: with an exponential cut-off. */
const TAIL_TYPES = ['PL', 'TPL', 'EXP', 'S_EXP', 'LOG_N'] as const;
export type TailType = (typeof TAIL_TYPES)[number];

/** Comparison of a power law with another law on the same tail. */
export interface LikelihoodRatio {
  /** Log-likelihood of the power law less that of the other law. */
  gain: number;
  /** Sum of the differences of log-likelihoods over its standard deviation (Vuong, Econometrica 57 (1989) 307): above 0 the power law is better. */
  ratio: number;
  /** Probability of a ratio as large in size if both were as good; for TPL, which contains the power law, that of the likelihood-ratio test. */
  p: number;
}

export interface TailComparison {
  ratios: Record<Exclude<TailType, 'PL'>, LikelihoodRatio>;
  best: TailType;
  /** The power law with cut-off: exponent, and where the cut-off sets in (1 / Lambda). */
  truncated: { alpha: number; cutoff: number };
}

const SIGNIFICANT = 0.05; // the authors' level

/**
 * Returns how a power law of exponent `alpha` fares against other laws on `tail` (ascending, the first is xmin), each fitted by
 * maximum likelihood on xmin..infinity, and the best by the authors' rule: a truncated power law if it is significantly better,
 * then any other that is significantly better than what was best so far. The result does not depend on the scale. Throws
 * RangeError for a tail of equal values.
 */
export function compareTails(tail: Float64Array, alpha: number): TailComparison {
  if (!(tail.length > 1 && tail[0]! > 0 && tail[0]! < tail[tail.length - 1]!)) {
    throw new RangeError(`tail must hold two different positive values, got ${tail.length} values`);
  }
  const xmin = tail[0]!;
  const y = tail.map((value) => value / xmin);
  const logs = y.map(Math.log);
  const truncated = truncatedPowerLaw(y, logs, alpha);
  const likelihoods: Record<TailType, Float64Array> = {
    PL: logs.map((log) => Math.log(alpha - 1) - alpha * log),
    TPL: truncated.likelihoods,
    EXP: exponential(y),
    S_EXP: stretchedExponential(y, logs, alpha),
    LOG_N: logNormal(logs),
  };
  const against = (one: TailType, other: TailType, nested = false) =>
    likelihoodRatio(likelihoods[one], likelihoods[other], nested);
  const ratios = {
    TPL: against('PL', 'TPL', true),
    EXP: against('PL', 'EXP'),
    S_EXP: against('PL', 'S_EXP'),
    LOG_N: against('PL', 'LOG_N'),
  };
  let best: TailType = ratios.TPL.ratio < 0 && ratios.TPL.p <= SIGNIFICANT ? 'TPL' : 'PL';
  for (const other of ['EXP', 'S_EXP', 'LOG_N'] as const) {
    const { ratio, p } = against(best, other);
    if (ratio < 0 && p <= SIGNIFICANT) best = other;
  }
  return { ratios, best, truncated: { alpha: truncated.alpha, cutoff: xmin / truncated.cutoff } };
}

/** Vuong's normalized ratio of two log-likelihoods by point; `nested`: the second law contains the first. */
function likelihoodRatio(first: Float64Array, second: Float64Array, nested: boolean): LikelihoodRatio {
  const n = first.length;
  let total = 0;
  for (let i = 0; i < n; i++) total += first[i]! - second[i]!;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (first[i]! - second[i]! - total / n) ** 2;
  const deviation = Math.sqrt(squares); // sqrt(n) times the standard deviation of a difference
  // Where both laws coincide (a cut-off of 0) there is nothing to tell apart.
  if (!(deviation > 1e-9 * n)) return { gain: total, ratio: 0, p: 1 };
  return {
    gain: total,
    ratio: total / deviation,
    p: nested ? erfc(Math.sqrt(Math.abs(total))) : erfc(Math.abs(total) / (Math.SQRT2 * deviation)),
  };
}

const negative = (likelihoods: Float64Array): number => {
  const total = likelihoods.reduce((sum, value) => sum + value, 0);
  return Number.isNaN(total) ? Number.POSITIVE_INFINITY : -total;
};

/** `cutoff` is Lambda, in units of 1/xmin. */
function truncatedPowerLaw(
  y: Float64Array,
  logs: Float64Array,
  alpha: number,
): { likelihoods: Float64Array; alpha: number; cutoff: number } {
  const likelihood = (exponent: number, cutoff: number): Float64Array => {
    const norm = logExponentialIntegral(exponent, cutoff);
    return y.map((value, i) => -exponent * logs[i]! - cutoff * value - norm);
  };
  const sumLogs = logs.reduce((sum, value) => sum + value, 0);
  const sumY = y.reduce((sum, value) => sum + value, 0);
  // alpha > 1 as in powerlaw; parameters ln(alpha - 1) and ln cut-off keep the search in the domain.
  const loss = ([a, c]: readonly number[]): number => {
    if (Math.abs(a!) > 12 || Math.abs(c!) > 20) return Number.POSITIVE_INFINITY;
    const exponent = 1 + Math.exp(a!);
    const cutoff = Math.exp(c!);
    return exponent * sumLogs + cutoff * sumY + y.length * logExponentialIntegral(exponent, cutoff);
  };
  const mean = sumY / y.length;
  const fits = [0.01, 0.3, 1].map((share) =>
    nelderMead(loss, [Math.log(alpha - 1), Math.log(share / mean)], 0.5),
  );
  const [a, c] = fits.sort((one, other) => one.value - other.value)[0]!.point;
  const fitted = { alpha: 1 + Math.exp(a!), cutoff: Math.exp(c!) };
  return { ...fitted, likelihoods: likelihood(fitted.alpha, fitted.cutoff) };
}

function exponential(y: Float64Array): Float64Array {
  const rate = 1 / (y.reduce((sum, value) => sum + value, 0) / y.length - 1);
  return y.map((value) => Math.log(rate) - rate * (value - 1));
}

/** Survival exp(-a (y^b - 1)): the stretched exponential from y = 1 on. */
function stretchedExponential(y: Float64Array, logs: Float64Array, alpha: number): Float64Array {
  const likelihood = (a: number, b: number): Float64Array =>
    logs.map((log) => Math.log(a * b) + (b - 1) * log - a * Math.expm1(b * log));
  const rate = 1 / (y.reduce((sum, value) => sum + value, 0) / y.length - 1);
  const loss = ([la, lb]: readonly number[]): number => negative(likelihood(Math.exp(la!), Math.exp(lb!)));
  // From the exponential, and from close to the power law, which is the limit b = 0 with a b = alpha - 1.
  const fits = [
    nelderMead(loss, [Math.log(rate), 0], 0.5),
    nelderMead(loss, [Math.log((alpha - 1) / 0.2), Math.log(0.2)], 0.5),
  ];
  const [la, lb] = fits.sort((one, other) => one.value - other.value)[0]!.point;
  return likelihood(Math.exp(la!), Math.exp(lb!));
}

function logNormal(logs: Float64Array): Float64Array {
  const likelihood = (mu: number, s: number): Float64Array => {
    const norm = 0.5 * Math.log(2 / (Math.PI * s * s)) - logErfc(-mu / (Math.SQRT2 * s));
    return logs.map((log) => norm - log - (log - mu) ** 2 / (2 * s * s));
  };
  const n = logs.length;
  const mean = logs.reduce((sum, value) => sum + value, 0) / n;
  const spread = Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const loss = ([mu, ls]: readonly number[]): number => negative(likelihood(mu!, Math.exp(ls!)));
  const fits = [mean, mean - 4 * spread].map((mu, i) =>
    nelderMead(loss, [mu, Math.log(spread * (i + 1))], 0.5 * spread),
  );
  const [mu, ls] = fits.sort((one, other) => one.value - other.value)[0]!.point;
  return likelihood(mu!, Math.exp(ls!));
}
