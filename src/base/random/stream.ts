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
}

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
    const limit = 4294967296 - (4294967296 % n);
    let draw = uint32();
    while (draw >= limit) draw = uint32();
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
  return { uint32, uniform, below, normal };
}

/** Returns a uniformly drawn permutation of 0..n-1 (Fisher-Yates). */
export function permutation(stream: RandomStream, n: number): Int32Array<ArrayBuffer> {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}
