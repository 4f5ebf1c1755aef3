/** Returns the index of the first value that is NaN or infinite, or null when all are finite. */
export function firstNotFinite(values: Float32Array | Float64Array): number | null {
  const { length } = values;
  let i = 0;
  // Weights are scanned before every analysis: zero times a value is zero unless that is NaN or infinite, so that eight share a test.
  for (; i + 8 <= length; i += 8) {
    const four = values[i]! * 0 + values[i + 1]! * 0 + values[i + 2]! * 0 + values[i + 3]! * 0;
    const more = values[i + 4]! * 0 + values[i + 5]! * 0 + values[i + 6]! * 0 + values[i + 7]! * 0;
    if (four + more !== 0) break;
  }
  for (; i < length; i++) {
    if (!Number.isFinite(values[i]!)) return i;
  }
  return null;
}
