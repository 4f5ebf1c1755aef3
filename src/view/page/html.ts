/** Returns a number to `digits` significant digits without an exponent where it is of everyday size, an en dash for null. */
export function showNumber(value: number | null, digits = 3): string {
  if (value === null) return '\u2013';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(digits - 1);
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}
