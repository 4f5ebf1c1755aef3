import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'fflate';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Results, readResults } from '../../../src/experiment/results/readResults.ts';
import { buildReport } from '../../../src/view/page/buildReport.ts';
import { BINS_PER_SPECTRUM, ESD_BINS, esdHistograms } from '../../../src/view/page/esdHistograms.ts';
import { showNumber } from '../../../src/view/page/html.ts';
import { runGroup } from '../../../src/view/page/runGroup.ts';
import { pageChartScript } from '../../../src/view/page/script/chart.ts';
import { epochSliderScript } from '../../../src/view/page/script/epochSlider.ts';
import { pageEsdScript } from '../../../src/view/page/script/esd.ts';
import { measuresScript } from '../../../src/view/page/script/measures.ts';
import { phaseMapScript } from '../../../src/view/page/script/phaseMap.ts';
import { runTableScript } from '../../../src/view/page/script/runTable.ts';
import { pageViewsScript } from '../../../src/view/page/script/views.ts';
import { writeSyntheticResults } from '../../experiment/results/syntheticResults.ts';

let root: string;
let results: Results;
let html: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'report-'));
  results = readResults(writeSyntheticResults(join(root, 'synthetic'), { epochs: 3, seeds: 2 }));
  html = buildReport(results);
});
afterAll(() => rmSync(root, { recursive: true }));

const embedded = (page: string, id: string): Uint8Array =>
  inflateSync(Buffer.from(parseHTML(page).document.getElementById(id)!.textContent!.trim(), 'base64'));

describe('buildReport', () => {
  it('gives the same page every time, small, and with nothing to fetch', () => {
    expect(buildReport(results)).toBe(html);
    expect(html.length).toBeLessThan(200_000);
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(html).not.toMatch(/@import|url\((?!#)/);
    expect(html).toContain("default-src 'none'");
  });

  it('says how many phases were seen and where', () => {
    const { document } = parseHTML(html);
    const cards = [...document.querySelectorAll('.phases li')].map((card) => card.textContent!);
    expect(document.querySelector('#summary p')!.textContent).toContain('6 of 5+1 phases seen');
    expect(cards).toHaveLength(6);
    expect(cards[2]).toContain('At the end: b=32 (fc1, fc2)');
    expect(cards[5]).toContain('overRegularized');
    expect(cards[1]).toContain('On the way: b=2 (fc1, fc2, epoch 1)');
  });

  it('lists every layer of every run once, at its last epoch', () => {
    const table = parseHTML(html).document.querySelectorAll('#run-table tbody tr');
    expect(table).toHaveLength(24);
    const cells = [...table[0]!.children].map((cell) => cell.textContent!.trim());
    expect(cells.slice(0, 4)).toEqual(['b=2_seed=0', '2', 'fc1', '3']);
    expect(cells.at(-1)).toBe('heavy-tailed');
  });

  it('embeds the counts of every spectrum', () => {
    const data = JSON.parse(Buffer.from(embedded(html, 'data-json')).toString());
    const counts = new Uint16Array(embedded(html, 'data-counts').slice().buffer);
    expect(data.rows.run).toHaveLength(results.spectra.length);
    expect(counts).toHaveLength(results.spectra.length * BINS_PER_SPECTRUM);
    results.spectra.forEach((row, i) => {
      const full = counts.subarray(i * BINS_PER_SPECTRUM, i * BINS_PER_SPECTRUM + ESD_BINS.full);
      expect(full.reduce((sum, count) => sum + count, 0)).toBe(row.num_evals);
      expect(data.rows.lambda_max[i] / row.lambda_max).toBeCloseTo(1, 5);
    });
    expect(data.texts[data.rows.evidence[0]]).toBe(results.spectra[0]!.phase_evidence);
  });

  it('shows text from the results as text', () => {
    const evil = '<img src=x onerror=alert(1)> & "quotes" </script>';
    const page = buildReport({
      ...results,
      experiment: { name: evil, description: evil, yaml: evil },
      spectra: results.spectra.map((row) => ({ ...row, layer: evil, phase_evidence: evil, notes: evil })),
    });
    expect(page).not.toContain('<img');
    expect(parseHTML(page).document.querySelector('h1')!.textContent).toBe(evil);
  });

  it('puts the numbers of the paper beside those found', () => {
    const reproduction = [
      { quantity: 'test accuracy', authors: 0.763, here: 0.7612, tolerance: 0.012, within: true, note: null },
      { quantity: 'stable rank <b>', authors: 148.5, here: 190.25, tolerance: 8, within: false, note: 'x' },
    ];
    const { document } = parseHTML(buildReport({ ...results, reproduction }));
    const section = document.getElementById('reproduction')!;
    expect(section.querySelector('p')!.textContent).toContain('1 of 2 numbers lie within');
    const cells = [...section.querySelectorAll('tbody tr')].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
    expect(cells).toEqual([
      ['test accuracy', '0.7630', '0.7612', '0.01200', 'yes', '\u2013'],
      ['stable rank <b>', '148.5', '190.3', '8', 'no', 'x'],
    ]);
    expect(document.querySelector('nav')!.textContent).toContain('Reproduction');
    expect(parseHTML(html).document.getElementById('reproduction')).toBeNull();
  });

  it('is made of what there is: no spectra yet, a failed run, weights without a run', () => {
    const status = { ...results.runs[0]!.status!, state: 'failed' as const, error: 'loss is not finite' };
    const failed = buildReport({ ...results, spectra: [], runs: [{ ...results.runs[0]!, status }] });
    expect(failed).toContain('failed: loss is not finite');
    expect(failed).not.toContain('id="explorer"');
    const halted = { ...results.runs[0]!.status!, state: 'interrupted' as const, epoch: 1 };
    const interrupted = buildReport({ ...results, runs: [{ ...results.runs[0]!, status: halted }] });
    expect(interrupted).toContain('Not finished: b=2_seed=0 (interrupted, epoch 1 of 3)');
    const row = { ...results.spectra[0]!, run: null, epoch: null, phase: null, alpha: null, sigma_mp: null };
    const weights = buildReport({ ...results, runs: [], spectra: [row], esd: () => null });
    expect(parseHTML(weights).document.querySelectorAll('#run-table tbody tr')).toHaveLength(1);
    expect(parseHTML(weights).document.querySelector('main')!.innerHTML).not.toMatch(/NaN|undefined|null/);
  });
});

describe('the script of the page', () => {
  it('is JavaScript without what a template would replace', () => {
    for (const script of [
      pageChartScript,
      pageEsdScript,
      measuresScript,
      phaseMapScript,
      runTableScript,
      epochSliderScript,
      pageViewsScript,
    ]) {
      expect(script).not.toMatch(/`|\$\{|<\//);
      expect(() => new Function(script)).not.toThrow();
    }
  });
});

describe('esdHistograms', () => {
  it('holds zeros, one value, and a collapsed spectrum', () => {
    expect(esdHistograms(new Float64Array(5), null).counts.every((count) => count === 0)).toBe(true);
    const one = esdHistograms(Float64Array.of(3), 1);
    expect(one.counts.subarray(0, ESD_BINS.full).reduce((a, b) => a + b)).toBe(1);
    const collapsed = esdHistograms(Float64Array.of(0, 0, 0, 1e-18, 2, 5), null);
    expect(collapsed.bulkEnd).toBe(5);
    expect(collapsed.logStart).toBe(2);
  });
});

describe('texts', () => {
  it('shows numbers short', () => {
    expect([0.123456, 12.3456, 1234.5, 1e-7, 2.5e6, 0, null].map((value) => showNumber(value))).toEqual([
      '0.123',
      '12.3',
      '1235',
      '1.00e-7',
      '2.50e+6',
      '0',
      '\u2013',
    ]);
  });

  it('takes runs that differ by seed for one group', () => {
    expect(['b=2_seed=3', 'seed=3_b=2', 'seed=3', 'plain'].map(runGroup)).toEqual([
      'b=2',
      'b=2',
      'seed=3',
      'plain',
    ]);
  });
});
