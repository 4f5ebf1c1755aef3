/** Returns an own property of a value from JSON; undefined where the value is no object or lacks it. */
export function jsonProperty(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
