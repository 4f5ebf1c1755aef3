import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Results, readResults } from '../../../src/experiment/results/readResults.ts';
import { buildReport } from '../../../src/view/page/buildReport.ts';
import { showNumber } from '../../../src/view/page/content/html.ts';
import { numberDetails } from '../../../src/view/page/content/reproduction.ts';
import { writeSyntheticResults } from '../../experiment/results/syntheticResults.ts';

let root: string;
let results: Results;
let html: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'report-'));
  results = readResults(writeSyntheticResults(join(root, 'synthetic'), { epochs: 3, seeds: 1 }));
  html = buildReport(results);
});
afterAll(() => rmSync(root, { recursive: true }));

describe('buildReport', () => {
  it('gives the same page every time, small, and with nothing to fetch', () => {
    expect(buildReport(results)).toBe(html);
    expect(html.length).toBeLessThan(450_000);
    const [markup] = html.split('<script>');
    expect(markup).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(markup).not.toMatch(/@import|url\((?!#)/);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain('connect-src');
  });

  it('may listen to its own server only where that sends events', () => {
    const page = buildReport(results, { events: '/events', progress: null });
    expect(page).toContain("img-src data:; connect-src 'self'");
    expect(parseHTML(page).document.documentElement.getAttribute('data-events')).toBe('/events');
  });

  it('says how many phases were seen and where', () => {
    const { document } = parseHTML(html);
    const cards = [...document.querySelectorAll('.phases li')].map((card) => card.textContent!);
    expect(document.querySelector('[data-part="phases"] p')!.textContent).toContain('6 of 5+1 phases seen');
    expect(cards).toHaveLength(6);
    expect(cards[2]).toContain('At the end: b=32 (fc1, fc2)');
    expect(cards[5]).toContain('overRegularized');
    expect(cards[1]).toContain('On the way: b=2 (fc1, fc2, epoch 1)');
  });

  it('lists every layer of every run once, at its last epoch', () => {
    const table = parseHTML(html).document.querySelectorAll('#run-table tbody tr');
    expect(table).toHaveLength(12);
    const cells = [...table[0]!.children].map((cell) => cell.textContent!.trim());
    expect(cells.slice(0, 4)).toEqual(['b=2_seed=0', '2', 'fc1', '3']);
    expect(cells[4]).toBe('heavy-tailed');
  });

  it('compares a single run with nothing: no gap against alpha, no densities by batch size', () => {
    const titles = (page: string): string[] =>
      [...parseHTML(page).document.querySelectorAll('section')]
        .filter((section) => !section.hasAttribute('hidden'))
        .map((section) => section.querySelector('h2')!.textContent!);
    expect(titles(html)).toContain('Generalization gap against alpha');
    expect(titles(html)).toContain('Spectral density by batch size');
    const alone = {
      ...results,
      runs: results.runs.filter(({ id }) => id === 'b=2_seed=0'),
      spectra: results.spectra.filter(({ run }) => run === 'b=2_seed=0'),
    };
    expect(titles(buildReport(alone))).not.toContain('Generalization gap against alpha');
    expect(titles(buildReport(alone))).toContain('Spectral density');
  });

  it('lists a run without spectra by its training, at its last epoch', () => {
    const spectra = results.spectra.filter(({ run }) => run !== 'b=8_seed=0');
    const runs = results.runs.map((run) => ({ ...run, metrics: run.id === 'b=2_seed=0' ? [] : run.metrics }));
    const rowsOf = (page: string): string[][] =>
      [...parseHTML(page).document.querySelectorAll('#run-table tbody tr')].map((row) =>
        [...row.children].map((cell) => cell.textContent!.trim()),
      );
    const { test_accuracy } = runs.find(({ id }) => id === 'b=8_seed=0')!.metrics.at(-1)!;
    const own = rowsOf(buildReport({ ...results, runs, spectra })).filter(([run]) => run === 'b=8_seed=0');
    expect(own).toHaveLength(1);
    const share = `${(100 * test_accuracy).toFixed(2)} %`;
    expect(own[0]!.slice(0, 7)).toEqual([
      'b=8_seed=0',
      '8',
      '\u2013',
      '3',
      '\u2013',
      expect.any(String),
      share,
    ]);
    const bare = rowsOf(buildReport({ ...results, runs, spectra: [] }));
    expect(bare.map(([run]) => run)).toEqual(runs.map(({ id }) => id));
    expect(bare[0]).toEqual(['b=2_seed=0', '2', ...Array(10).fill('\u2013')]);
  });

  it('has of a training elsewhere what there is of it, and does not say that it has not begun', () => {
    const spectra = results.spectra
      .filter(({ run }) => run === 'b=2_seed=0')
      .map((row) => ({ ...row, run: 'checkpoints', layer: `${row.layer}.weight` }));
    const run = {
      id: 'checkpoints',
      config: null,
      status: null,
      provenance: null,
      metrics: [],
      snapshots: [],
    };
    const { document } = parseHTML(buildReport({ ...results, runs: [run], spectra }));
    expect(document.getElementById('runs')!.textContent).not.toMatch(/not begun|Not finished/);
    expect(document.getElementById('densities-title')!.textContent).toBe('Spectral density');
    const heads = [...document.querySelectorAll('#run-table th[data-column]')];
    expect(heads.map((head) => head.getAttribute('data-column'))).toEqual([
      'run',
      'layer',
      'epoch',
      'phase',
      'alpha',
      'stable_rank',
      'mp_softrank',
      'num_spikes',
    ]);
    expect(document.querySelector('#run-table td[data-c="layer"]')!.innerHTML).toContain('class="whole"');
  });

  it('has the training accuracy beside the gap that is taken from it', () => {
    const cellsOf = (page: string): string[] => {
      const row = parseHTML(page).document.querySelector('#run-table tbody tr')!;
      const shown = ['train', 'test', 'gap'].map((brief) => row.querySelector(`[data-brief="${brief}"]`));
      return shown.map((cell) => cell!.textContent!.trim());
    };
    const runs = results.runs.map((run) => ({
      ...run,
      metrics: run.metrics.map((row) => ({
        ...row,
        train_accuracy: 0.6,
        evaluated_train_accuracy: 0.95,
        test_accuracy: 0.9,
      })),
    }));
    expect(cellsOf(buildReport({ ...results, runs }))).toEqual(['95.00 %', '90.00 %', '5.00 %']);
    const earlier = runs.map((run) => ({
      ...run,
      metrics: run.metrics.map((row) => ({ ...row, evaluated_train_accuracy: null })),
    }));
    expect(cellsOf(buildReport({ ...results, runs: earlier }))).toEqual(['60.00 %', '90.00 %', '-30.00 %']);
  });

  it('leaves the names of runs on one line, and breaks long ones behind a separator', () => {
    const { document } = parseHTML(html);
    const ids = [...document.querySelectorAll('#run-table tbody th')].map((cell) => cell.innerHTML);
    expect(ids[0]).toContain('<span class="whole">b=2_seed=0</span>');
    const layer = 'encoder.layer.0.attention.output.dense.weight';
    const long = buildReport({ ...results, spectra: results.spectra.map((row) => ({ ...row, run: layer })) });
    expect(long.split('<script>')[0]).toContain('encoder.<wbr>layer.<wbr>0.');
  });

  it('shows text from the results as text', () => {
    const evil = '<img src=x onerror=alert(1)> & "quotes" </script>';
    const page = buildReport({
      ...results,
      experiment: { name: evil, description: evil, yaml: evil },
      spectra: results.spectra.map((row) => ({ ...row, layer: evil, phase_evidence: evil, notes: evil })),
    });
    expect(page.split('<script>')[0]).not.toContain('<img');
    expect(parseHTML(page).document.querySelector('h1')!.textContent).toBe(evil);
  });

  it('puts the numbers of the paper beside those found', () => {
    const reproduction = [
      { number: 'test accuracy', authors: 0.763, here: 0.7612, tolerance: 0.012, within: true, why: null },
      { number: 'epochs', authors: 100, here: 20, tolerance: null, within: null, why: 'cut' },
      { number: 'stable rank <b>', authors: 148.5, here: 190.25, tolerance: 8, within: false, why: '<x>' },
    ];
    const { document } = parseHTML(buildReport({ ...results, reproduction }));
    const section = document.getElementById('reproduction')!;
    expect(section.querySelector('p')!.textContent).toContain('1 of 2 numbers lie within');
    const lines = [...section.querySelectorAll('details summary')].map((line) =>
      [...line.children].map((cell) => cell.textContent),
    );
    expect(lines).toEqual([
      ['beyond:', 'stable rank <b>', '148.5', '190.3', '8'],
      ['within:', 'test accuracy', '0.763', '0.7612', '0.012'],
      ['not judged:', 'epochs', '100', '20', '\u2013'],
    ]);
    expect(numberDetails(reproduction[2]!)).toBe('<dl><dt>why</dt><dd>&#60;x&#62;</dd></dl>');
    expect(document.querySelector('nav [data-to="reproduction"]')!.hasAttribute('hidden')).toBe(false);
    const without = parseHTML(html).document;
    expect(without.getElementById('reproduction')!.hasAttribute('hidden')).toBe(true);
    expect(without.querySelector('nav [data-to="reproduction"]')!.hasAttribute('hidden')).toBe(true);
  });

  it('says beside the labels of a run that it has not learned, and why', () => {
    const [first, ...others] = results.runs;
    const warning = 'training accuracy 0.1000 is near chance, 0.1000';
    const status = { ...first!.status!, warning };
    const { document } = parseHTML(buildReport({ ...results, runs: [{ ...first!, status }, ...others] }));
    const rows = [...document.querySelectorAll('#run-table tbody tr')];
    const told = rows.filter((row) => row.querySelector('[data-c="phase"] .warning') !== null);
    expect(told.map((row) => row.children[0]!.textContent)).toEqual([first!.id, first!.id]);
    expect(told[0]!.querySelector('.warning')!.getAttribute('title')).toBe(warning);
    expect(document.querySelector('[data-part="runs"] > p.warning, #runs p.warning')!.textContent).toBe(
      `Not learned: ${first!.id} (${warning}). Phases of such runs say nothing of training.`,
    );
    expect(html.split('<script>')[0]).not.toContain('ot learned');
  });

  it('is made of what there is: no spectra yet, a failed run, weights without a run', () => {
    const status = { ...results.runs[0]!.status!, state: 'failed' as const, error: 'loss is not finite' };
    const failed = buildReport({ ...results, spectra: [], runs: [{ ...results.runs[0]!, status }] });
    expect(failed).toContain('failed: loss is not finite');
    const phases = parseHTML(failed).document.getElementById('phases')!.textContent!;
    expect(phases).toContain('No spectra yet');
    expect(phases).not.toMatch(/phases seen|not seen/);
    expect(parseHTML(failed).document.getElementById('spectrum')!.hasAttribute('hidden')).toBe(true);
    const halted = { ...results.runs[0]!.status!, state: 'interrupted' as const, epoch: 1 };
    const interrupted = buildReport({ ...results, runs: [{ ...results.runs[0]!, status: halted }] });
    expect(interrupted).toContain('Not finished: b=2_seed=0 (interrupted, epoch 1 of 3)');
    const row = { ...results.spectra[0]!, run: null, epoch: null, phase: null, alpha: null, sigma_mp: null };
    const weights = buildReport({ ...results, runs: [], spectra: [row], esd: () => null });
    expect(parseHTML(weights).document.querySelectorAll('#run-table tbody tr')).toHaveLength(1);
    expect(parseHTML(weights).document.querySelector('main')!.innerHTML).not.toMatch(/NaN|undefined|null/);
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
});
