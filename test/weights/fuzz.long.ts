import { expect, it } from 'vitest';
import { FUZZED, fuzzReaders } from './fuzz.ts';

const MUTATIONS = 100_000;

it.each(FUZZED)(`reads or refuses ${MUTATIONS} mutations of %s`, (name) => {
  expect(fuzzReaders(name, MUTATIONS, 2)).toBeGreaterThan(0);
});
