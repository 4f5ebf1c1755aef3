import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { THRESHOLDS } from '../../../src/spectra/phases/thresholds.ts';
import { MATRIX_FAMILIES } from '../../../src/spectra/synthetic/families.ts';

const page = (path: string): string =>
  readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8');
const phases = page('reference/phases.md');
const calibration = page('notebook/calibration.md');

it.each(Object.values(THRESHOLDS))(
  'docs/reference/phases.md has the limit of: $quantity',
  ({ quantity, at, reason }) => {
    expect(phases).toContain(`| ${quantity} | ${at} | ${reason} |`);
  },
);

it.each(MATRIX_FAMILIES)(
  'docs/notebook/calibration.md describes the family: $name',
  ({ name, description }) => {
    expect(calibration).toContain(`| ${description.replaceAll('|w|', '\\|w\\|')} |`);
    expect(calibration).toContain(`\n| ${name} | `);
  },
);
