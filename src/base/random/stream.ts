import { createHash } from 'node:crypto';

/** A reproducible stream of random numbers. */
export interface RandomStream {
  /** Returns a uniform 32-bit unsigned integer. */
  uint32(): number;
  /** Returns a uniform double in [0, 1) with 53 random bits. */
  uniform(): number;
  /** Returns a uniform integer in [0, n), unbiased; n must be in 1..2^32. */
  below(n: number): number;
  /** Returns a standard normal deviate. */
  normal(): number;
  /** Brings values, at most 2^32, into a uniformly drawn order (Fisher-Yates, from the last to the first). */
  shuffle(values: Float32Array | Float64Array | Int32Array): void;
}

/** Places of a shuffle that are drawn before they are visited, so that the processor waits for many of them at a time. */
const DRAWN_TOGETHER = 256;

/**
 * Returns the stream that belongs to (seed, purpose): equal arguments give equal streams on every machine, different ones
 * independent streams. Purposes are paths such as `init/fc1` or `order/epoch=3`.
 * The generator is xoshiro128++ (Blackman and Vigna 2021), its state the SHA-256 of seed and purpose.
 */
export function randomStream(seed: number, purpose: string): RandomStream {
  const digest = createHash('sha256').update(`${seed}/${purpose}`).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let d = digest.readUInt32LE(12) | 1; // never the all-zero state
  let spare: number | null = null;

  const uint32 = (): number => {
    const sum = (a + d) | 0;
    const result = (((sum << 7) | (sum >>> 25)) + a) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  const below = (n: number): number => {
    let draw = uint32();
    // Only the last, incomplete run of n would make some more likely; where it begins takes a slow division, and is rarely asked.
    if (draw >= 4294967296 - n) {
      const limit = 4294967296 - (4294967296 % n);
      while (draw >= limit) draw = uint32();
    }
    return draw % n;
  };
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  /** What `below` draws, with the state in local variables: whole matrices are shuffled. */
  const shuffle = (values: Float32Array | Float64Array | Int32Array): void => {
    const places = new Uint32Array(Math.min(DRAWN_TOGETHER, values.length));
    let [x, y, z, w] = [a | 0, b | 0, c | 0, d | 0];
    for (let rest = values.length; rest > 1; rest -= DRAWN_TOGETHER) {
      const least = Math.max(1, rest - DRAWN_TOGETHER);
      for (let n = rest; n > least; ) {
        const sum = (x + w) | 0;
        const draw = (((sum << 7) | (sum >>> 25)) + x) >>> 0;
        const t = y << 9;
        z ^= x;
        w ^= y;
        y ^= z;
        x ^= w;
        z ^= t;
        w = (w << 11) | (w >>> 21);
        if (draw >= 4294967296 - n && draw >= 4294967296 - (4294967296 % n)) continue;
        places[rest - n] = draw % (n >>> 0);
        n--;
      }
      for (let n = rest; n > least; n--) {
        const j = places[rest - n]!;
        const held = values[n - 1]!;
        values[n - 1] = values[j]!;
        values[j] = held;
      }
    }
    [a, b, c, d] = [x, y, z, w];
  };
  return { uint32, uniform, below, normal, shuffle };
}

/** Returns a uniformly drawn permutation of 0..n-1 (Fisher-Yates). */
export function permutation(stream: RandomStream, n: number): Int32Array<ArrayBuffer> {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  stream.shuffle(order);
  return order;
}
