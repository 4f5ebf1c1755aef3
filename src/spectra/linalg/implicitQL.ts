const MAX_SWEEPS = 60; // an eigenvalue needs 1 to 3; 60 without convergence means the input was not finite
const BUFFERED_SWEEPS = 32;

/** Applies rotations i = last..first of one sweep, given as cosines and sines at [offset + i]. */
interface Sweep {
  first: number;
  last: number;
  offset: number;
}

/**
 * Returns the eigenvalues, unsorted, of the symmetric tridiagonal matrix with the given diagonal and off-diagonal (entry i
 * couples i-1 and i) by the implicit QL method; both arrays are overwritten. `rows`, a row-major matrix with n columns, is
 * multiplied from the right by the eigenvectors: handed Q of A = Q T Q^T, its column k becomes eigenvector k of A.
 */
export function implicitQL(
  diagonal: Float64Array,
  offDiagonal: Float64Array,
  rows?: Float64Array,
): Float64Array {
  const n = diagonal.length;
  const d = diagonal;
  const e = offDiagonal;
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]!) + Math.abs(e[i]!));
  const negligible = norm * Number.EPSILON * Number.EPSILON;
  const rotations = rows === undefined ? null : new RotationBuffer(rows, n);
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1) {
        const coupling = Math.abs(e[m]!);
        if (coupling <= negligible) break;
        if (coupling <= Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) break;
        m++;
      }
      if (m === l) break;
      if (sweep === MAX_SWEEPS) throw new RangeError(`eigenvalue ${l} of ${n} did not converge`);
      qlSweep(d, e, l, m, rotations);
    }
  }
  rotations?.apply();
  return d;
}

function qlSweep(
  d: Float64Array,
  e: Float64Array,
  l: number,
  m: number,
  rotations: RotationBuffer | null,
): void {
  const offset = rotations?.begin() ?? 0;
  let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  const shift = Math.hypot(g, 1);
  g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -shift : shift));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      // underflow: the matrix has split at i + 1
      d[i + 1]! -= p;
      e[m] = 0;
      rotations?.end({ first: i + 1, last: m - 1, offset });
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    const t = (d[i]! - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    if (rotations !== null) {
      rotations.cosines[offset + i] = c;
      rotations.sines[offset + i] = s;
    }
  }
  d[l]! -= p;
  e[l] = g;
  e[m] = 0;
  rotations?.end({ first: l, last: m - 1, offset });
}

/** Collects whole sweeps and applies them together, so that a large matrix goes through memory once for 32 sweeps. */
class RotationBuffer {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  private sweeps: Sweep[] = [];
  private readonly rows: Float64Array;
  private readonly n: number;

  constructor(rows: Float64Array, n: number) {
    this.rows = rows;
    this.n = n;
    this.cosines = new Float64Array(BUFFERED_SWEEPS * n);
    this.sines = new Float64Array(BUFFERED_SWEEPS * n);
  }

  begin(): number {
    if (this.sweeps.length === BUFFERED_SWEEPS) this.apply();
    return this.sweeps.length * this.n;
  }

  end(sweep: Sweep): void {
    this.sweeps.push(sweep);
  }

  apply(): void {
    const count = this.rows.length / this.n;
    for (let r = 0; r < count; r += 4) {
      for (const sweep of this.sweeps) {
        if (r + 4 <= count) this.rotateFour(r * this.n, sweep);
        else for (let row = r; row < count; row++) this.rotateOne(row * this.n, sweep);
      }
    }
    this.sweeps = [];
  }

  /** Four rows at once: the rotations of one row form a chain in which each waits for the one before. */
  private rotateFour(row: number, { first, last, offset }: Sweep): void {
    const { rows, cosines, sines, n } = this;
    const row1 = row + n;
    const row2 = row1 + n;
    const row3 = row2 + n;
    let h0 = rows[row + last + 1]!;
    let h1 = rows[row1 + last + 1]!;
    let h2 = rows[row2 + last + 1]!;
    let h3 = rows[row3 + last + 1]!;
    for (let i = last; i >= first; i--) {
      const c = cosines[offset + i]!;
      const s = sines[offset + i]!;
      const z0 = rows[row + i]!;
      const z1 = rows[row1 + i]!;
      const z2 = rows[row2 + i]!;
      const z3 = rows[row3 + i]!;
      rows[row + i + 1] = s * z0 + c * h0;
      rows[row1 + i + 1] = s * z1 + c * h1;
      rows[row2 + i + 1] = s * z2 + c * h2;
      rows[row3 + i + 1] = s * z3 + c * h3;
      h0 = c * z0 - s * h0;
      h1 = c * z1 - s * h1;
      h2 = c * z2 - s * h2;
      h3 = c * z3 - s * h3;
    }
    rows[row + first] = h0;
    rows[row1 + first] = h1;
    rows[row2 + first] = h2;
    rows[row3 + first] = h3;
  }

  private rotateOne(row: number, { first, last, offset }: Sweep): void {
    const { rows, cosines, sines } = this;
    let h = rows[row + last + 1]!;
    for (let i = last; i >= first; i--) {
      const c = cosines[offset + i]!;
      const s = sines[offset + i]!;
      const z = rows[row + i]!;
      rows[row + i + 1] = s * z + c * h;
      h = c * z - s * h;
    }
    rows[row + first] = h;
  }
}
