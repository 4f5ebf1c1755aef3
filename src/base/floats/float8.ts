export type Float8Dtype = 'float8_e4m3fn' | 'float8_e4m3fnuz' | 'float8_e5m2' | 'float8_e5m2fnuz';

/** How a float of eight bits is put together: the OCP formats (Micikevicius et al., arXiv 2209.05433) and their variants without -0 ("fnuz"). */
interface Float8Format {
  exponentBits: number;
  bias: number;
  /** ieee: the largest exponent holds infinity and NaN; fn: only all ones are NaN; fnuz: only the code of -0 is. */
  specials: 'ieee' | 'fn' | 'fnuz';
}

const FORMATS: Record<Float8Dtype, Float8Format> = {
  float8_e4m3fn: { exponentBits: 4, bias: 7, specials: 'fn' },
  float8_e4m3fnuz: { exponentBits: 4, bias: 8, specials: 'fnuz' },
  float8_e5m2: { exponentBits: 5, bias: 15, specials: 'ieee' },
  float8_e5m2fnuz: { exponentBits: 5, bias: 16, specials: 'fnuz' },
};

const tables = new Map<Float8Dtype, Float32Array>();

/** Returns the float32 values of floats of eight bits, exactly. */
export function bytesToFloats(dtype: Float8Dtype, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const table = tables.get(dtype) ?? Float32Array.from({ length: 256 }, (_, code) => floatOf(dtype, code));
  tables.set(dtype, table);
  const floats = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) floats[i] = table[bytes[i]!]!;
  return floats;
}

function floatOf(dtype: Float8Dtype, code: number): number {
  const { exponentBits, bias, specials } = FORMATS[dtype];
  const mantissaBits = 7 - exponentBits;
  const sign = code >= 0x80 ? -1 : 1;
  const exponent = (code & 0x7f) >> mantissaBits;
  const mantissa = code & ((1 << mantissaBits) - 1);
  if (specials === 'fnuz' && code === 0x80) return Number.NaN;
  if (specials === 'fn' && (code & 0x7f) === 0x7f) return Number.NaN;
  if (specials === 'ieee' && exponent === (1 << exponentBits) - 1) {
    return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  const fraction = mantissa / (1 << mantissaBits);
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}
