import { expect, it } from 'vitest';
import { FUZZED, fuzzReaders } from './fuzz.ts';

it.each(FUZZED)('reads or refuses 200 mutations of %s', (name) => {
  const refused = fuzzReaders(name, 200, 1);
  // Neither everything nor nothing: the mutations reach the reader behind its first check.
  expect(refused).toBeGreaterThan(20);
  expect(refused).toBeLessThan(200);
});
