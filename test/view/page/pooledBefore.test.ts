import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readResults } from '../../../src/experiment/results/readResults.ts';
import type { EnsembleMember } from '../../../src/spectra/phases/ensembleSpectrum.ts';
import { pageData } from '../../../src/view/page/content/pageData.ts';
import { packPage } from '../../../src/view/page/content/pagePayload.ts';
import { PooledBefore } from '../../../src/view/page/pooledBefore.ts';
import { writeSyntheticResults } from '../../experiment/results/syntheticResults.ts';

const root = mkdtempSync(join(tmpdir(), 'pooled-'));
afterAll(() => rmSync(root, { recursive: true }));

it('pools again only what is made of other eigenvalues or rows, and gives the page that pooling anew gives', () => {
  const results = readResults(writeSyntheticResults(root, { epochs: 1, seeds: 2 }));
  const pooled = new PooledBefore();
  const asked: object[][] = [];
  const page = (input: typeof results) =>
    pooled.during((pool) => {
      const given: object[] = [];
      asked.push(given);
      return pageData(input, (members: readonly EnsembleMember[]) => {
        const found = pool(members);
        given.push(found);
        return found;
      });
    });
  const first = page(results);
  expect(packPage(first)).toEqual(packPage(pageData(results)));
  page(results);
  expect(asked[1]).toHaveLength(24);
  asked[1]!.forEach((found, i) => {
    expect(found).toBe(asked[0]![i]);
  });
  // Another spectrum of one seed: one of 24 is pooled anew.
  const changed = {
    ...results,
    esd: (run: string | null, epoch: number | null, layer: string) =>
      run === 'b=8_seed=1' && epoch === 1 && layer === 'fc1'
        ? results.esd(run, epoch, layer)!.map((value) => value / 2)
        : results.esd(run, epoch, layer),
  };
  expect(packPage(page(changed))).toEqual(packPage(pageData(changed)));
  expect(asked[2]!.filter((found, i) => found !== asked[1]![i])).toHaveLength(1);
});
