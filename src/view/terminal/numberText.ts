/** What stands in a table where there is no value. */
export const NO_VALUE = '-';

/** Returns the number with `digits` behind the point. */
export function fixed(value: number | null, digits: number): string {
  return value === null ? NO_VALUE : value.toFixed(digits);
}

/** Returns the number with four significant digits and no needless zeros: `0.3012`, `22.41`, `1.2e-7`. */
export function significant(value: number | null): string {
  return value === null ? NO_VALUE : String(Number(value.toPrecision(4)));
}

/** Returns a span of time in its two largest units: `45 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return 'unknown';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Returns a number of bytes in the unit that fits: `812 B`, `4.2 MB`, `1.3 TB` (powers of 1000). */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Returns a count with its thousands apart: `12 500`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
