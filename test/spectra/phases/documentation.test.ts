import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { THRESHOLDS } from '../../../src/spectra/phases/thresholds.ts';
import { MATRIX_FAMILIES } from '../../../src/spectra/synthetic/families.ts';

const page = readFileSync(new URL('../../../docs/phases.md', import.meta.url), 'utf8');

it.each(Object.values(THRESHOLDS))(
  'docs/phases.md has the limit of: $quantity',
  ({ quantity, at, reason }) => {
    expect(page).toContain(`| ${quantity} | ${at} | ${reason} |`);
  },
);

it.each(MATRIX_FAMILIES)('docs/phases.md describes the family: $name', ({ name, description }) => {
  expect(page).toContain(`| ${description.replaceAll('|w|', '\\|w\\|')} |`);
  expect(page).toContain(`\n| ${name} | `);
});
