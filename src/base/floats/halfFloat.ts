const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Returns the float32 value of IEEE 754 binary16 `bits`, exactly. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Returns the binary16 bits nearest to the float32 `value`, ties to even; overflow gives infinity, NaN a quiet NaN. */
export function floatToHalf(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 lies halfway between the largest half (65504) and 65536: from there on the nearest is infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 leaves the fraction, in units of 2^-24, in the low bits, rounded by the addition itself.
    scratchBits[0] = magnitude;
    scratch[0] = scratch[0]! + 0.5;
    return sign | (scratchBits[0]! - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

/** Returns the bfloat16 bits nearest to the float32 `value`, ties to even; NaN gives a quiet NaN. */
export function floatToBfloat16(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) & 0x8000) | 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

let halfTable: Float32Array | null = null;

/** Returns the float32 values of an array of binary16 bits. */
export function halvesToFloats(halves: Uint16Array): Float32Array<ArrayBuffer> {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = halfTable[halves[i]!]!;
  return floats;
}

/** Returns the binary16 bits of an array of float32 values. */
export function floatsToHalves(floats: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(floats, floatToHalf);
}

/** Returns the float32 values of an array of bfloat16 bits. */
export function bfloats16ToFloats(bfloats: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(bfloats.length);
  for (let i = 0; i < bfloats.length; i++) bits[i] = bfloats[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** Returns the bfloat16 bits of an array of float32 values. */
export function floatsToBfloats16(floats: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(floats, floatToBfloat16);
}
