import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Results, readResults } from '../../../../src/experiment/results/readResults.ts';
import { esdHistogram } from '../../../../src/view/figures/esdHistogram.ts';
import { packTable, unpackTable } from '../../../../src/view/page/content/packedTable.ts';
import { PAGE_VIEWS, pageData } from '../../../../src/view/page/content/pageData.ts';
import { packPage, unpackPage } from '../../../../src/view/page/content/pagePayload.ts';
import { FIRST_STATE, stateFragment, stateOf } from '../../../../src/view/page/content/pageState.ts';
import { writeSyntheticResults } from '../../../experiment/results/syntheticResults.ts';

let root: string;
let results: Results;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'payload-'));
  results = readResults(writeSyntheticResults(join(root, 'synthetic'), { epochs: 2, seeds: 1 }));
});
afterAll(() => rmSync(root, { recursive: true }));

describe('the payload of a page', () => {
  it('brings back every row, and every bar of every view', () => {
    const data = pageData(results);
    const back = unpackPage(packPage(data));
    expect(back.spectra).toHaveLength(results.spectra.length);
    expect({ ...back, spectra: [], metrics: [] }).toEqual({ ...data, spectra: [], metrics: [] });
    back.spectra.forEach(({ row, histograms }, i) => {
      const original = results.spectra[i]!;
      expect(row.phase_evidence).toBe(original.phase_evidence);
      expect(row.lambda_max / original.lambda_max).toBeCloseTo(1, 5);
      const evals = results.esd(original.run, original.epoch, original.layer)!;
      for (const view of PAGE_VIEWS) {
        const truth = esdHistogram({ row: original, evals }, view);
        const { bins, beyond } = histograms![view];
        expect(beyond).toBe(truth.beyond);
        expect(bins.map((bin) => [bin.count, bin.above])).toEqual(
          truth.bins.map((bin) => [bin.count, bin.above]),
        );
        expect(bins.at(-1)!.to / truth.bins.at(-1)!.to).toBeCloseTo(1, 5);
      }
    });
  });

  it('says of a spectrum without eigenvalues that it has none', () => {
    const back = unpackPage(packPage(pageData({ ...results, esd: () => null })));
    expect(back.spectra.every(({ histograms }) => histograms === null)).toBe(true);
  });
});

describe('a packed table', () => {
  it('brings back texts, flags, numbers and what is missing', () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.string({ maxLength: 3 }),
      fc.integer({ min: -99_999, max: 99_999 }),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ a: value, b: value })), (rows) => {
        expect(unpackTable(JSON.parse(JSON.stringify(packTable(rows))))).toEqual(rows);
      }),
    );
  });
});

describe('the state in the address', () => {
  it('comes back as it was written', () => {
    const state = fc.record({
      layer: fc.option(fc.string({ minLength: 1 })),
      run: fc.option(fc.string({ minLength: 1 })),
      epoch: fc.option(fc.nat()),
      view: fc.constantFrom(...PAGE_VIEWS),
      seeds: fc.constantFrom('together' as const, 'apart' as const),
      measure: fc.string({ minLength: 1 }),
      against: fc.constantFrom('epoch' as const, 'batch' as const, 'alpha' as const),
    });
    fc.assert(
      fc.property(state, (given) => {
        expect(stateOf(stateFragment(given), FIRST_STATE)).toEqual(given);
      }),
    );
  });

  it('takes nothing that does not exist', () => {
    expect(stateOf('#view=upside-down&epoch=-1&against=time', FIRST_STATE)).toEqual(FIRST_STATE);
  });
});
