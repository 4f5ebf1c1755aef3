/** Returns the complementary error function erfc(x), to 1e-14 relative. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  return x < SERIES_BELOW ? 1 - erfSeries(x) : Math.exp(-x * x) * scaledErfc(x);
}

/** Returns ln erfc(x) without underflow. */
export function logErfc(x: number): number {
  return x < SERIES_BELOW ? Math.log(erfc(x)) : -x * x + Math.log(scaledErfc(x));
}

const SERIES_BELOW = 2;

function erfSeries(x: number): number {
  let term = x;
  let total = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(total); k++) {
    term *= (2 * x * x) / (2 * k + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** erfc(x) exp(x^2) for x >= 2, by its continued fraction from the tail (DLMF 7.9.1). */
function scaledErfc(x: number): number {
  let fraction = x;
  for (let k = 60; k >= 1; k--) fraction = x + k / 2 / fraction;
  return 1 / (Math.sqrt(Math.PI) * fraction);
}

const NODES = [
  0.1488743389816312, 0.4333953941292472, 0.6794095682990244, 0.8650633666889845, 0.9739065285171717,
];
const WEIGHTS = [
  0.2955242247147529, 0.2692667193099963, 0.219086362515982, 0.1494513491505806, 0.0666713443086881,
];
const PANEL = 0.5;

/**
 * Returns ln of the generalized exponential integral E_p(z) = int_1^inf t^-p exp(-z t) dt for p > 1 and z >= 0, to 1e-11: 10-point
 * Gauss-Legendre quadrature in u = ln t, of exp((1 - p) u - z (e^u - 1)), the factor exp(-z) apart.
 */
export function logExponentialIntegral(p: number, z: number): number {
  if (!(p > 1 && z >= 0)) throw new RangeError(`p must be above 1 and z not negative, got ${p} and ${z}`);
  if (z === 0) return -Math.log(p - 1);
  // Panels shrink where the integrand falls fast.
  const panel = PANEL / Math.max(1, (p - 1 + z) / 4);
  let total = 0;
  for (let from = 0; ; from += panel) {
    let part = 0;
    for (let i = 0; i < NODES.length; i++) {
      const offset = (panel / 2) * NODES[i]!;
      const middle = from + panel / 2;
      part += WEIGHTS[i]! * (integrand(middle - offset, p, z) + integrand(middle + offset, p, z));
    }
    part *= panel / 2;
    total += part;
    if (part < 1e-14 * total) return Math.log(total) - z;
  }
}

const integrand = (u: number, p: number, z: number): number => Math.exp((1 - p) * u - z * Math.expm1(u));
