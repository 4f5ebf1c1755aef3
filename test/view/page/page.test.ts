import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { METRICS_COLUMNS, NO_CIRCUMSTANCES } from '../../../src/experiment/results/metricsRow.ts';
import { readResults } from '../../../src/experiment/results/readResults.ts';
import { isNumeric, SPECTRUM_COLUMNS } from '../../../src/spectra/columns.ts';
import { buildReport } from '../../../src/view/page/buildReport.ts';
import { writeReport } from '../../../src/view/page/writeReport.ts';
import { writeSyntheticResults } from '../../experiment/results/syntheticResults.ts';
import { browserPath, launchBrowser, NO_BROWSER } from './chromium.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESKTOP = { viewport: { width: 1280, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

if (browserPath === null) console.warn(NO_BROWSER);

describe.skipIf(browserPath === null)('the report in Chromium', { timeout: 120_000 }, () => {
  let root: string;
  let url: string;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'page-'));
    const dir = writeSyntheticResults(join(root, 'synthetic'), { epochs: 4, seeds: 2 });
    url = pathToFileURL(writeReport(dir, expect.fail)).href;
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(root, { recursive: true });
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  async function open(options: BrowserContextOptions = DESKTOP, address = url): Promise<void> {
    page = await (await browser.newContext({ ...options, acceptDownloads: true })).newPage();
    complaints = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!/^(file|data|blob):/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(address);
    await page.locator('html[data-ready]').waitFor();
  }
  const count = (selector: string): Promise<number> => page.locator(selector).count();
  const column = (n: number): Promise<string[]> =>
    page.locator(`#run-table tbody tr:not([hidden]) > :nth-child(${n})`).allTextContents();

  it('draws every chart', async () => {
    await open();
    expect(await count('#esd-grid svg')).toBe(6);
    expect(await count('#esd-grid svg rect')).toBeGreaterThan(100);
    expect(await count('#ex-chart svg')).toBe(1);
    expect(await count('#me-chart svg path[stroke^="oklch"]')).toBe(12);
    expect(await count('#map-chart svg rect')).toBeGreaterThan(12);
    const drawn = await page.locator('main').innerHTML();
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('follows the slider: epoch, spectrum and evidence change', async () => {
    await open();
    const chart = page.locator('#ex-chart');
    const last = await chart.innerHTML();
    expect(await page.locator('#ex-shown').textContent()).toBe('epoch 4');
    await page.locator('#ex-epoch').focus();
    await page.keyboard.press('Home');
    expect(await page.locator('#ex-shown').textContent()).toBe('epoch 0');
    expect(await chart.innerHTML()).not.toBe(last);
    expect(await page.locator('#ex-facts').textContent()).toContain('random-like');
    await page.locator('#ex-facts summary').click();
    expect(await page.locator('#ex-facts dt', { hasText: 'mu of alpha' }).isVisible()).toBe(true);
    await page.locator('#ex-epoch').focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#ex-epoch').getAttribute('aria-valuetext')).toBe('epoch 1');
  });

  it('plays the epochs to the last one and stops', async () => {
    await open();
    await page.locator('#ex-play').click();
    expect(await page.locator('#ex-play').textContent()).toBe('Pause');
    await page.locator('#ex-play', { hasText: 'Play' }).waitFor();
    expect(await page.locator('#ex-shown').textContent()).toBe('epoch 4');
  });

  it('shows the run, layer and view that are chosen', async () => {
    await open();
    await page.locator('#ex-run').selectOption({ label: 'overRegularized_seed=1' });
    await page.locator('#ex-layer').selectOption({ label: 'fc2' });
    expect(await page.locator('#ex-chart svg').getAttribute('aria-label')).toBe(
      'Spectral density of overRegularized_seed=1, fc2, epoch 4',
    );
    expect(await page.locator('#ex-facts .badge').textContent()).toBe('rank-collapse');
    for (const view of ['full', 'log', 'bulk']) {
      await page.locator('#ex-view').selectOption(view);
      expect(await count('#ex-chart svg rect')).toBeGreaterThan(3);
    }
    // In one call: every measure against everything, as a user would choose them.
    const drawn = (await page.evaluate(`(() => {
      const pick = (id, value) => {
        document.getElementById(id).value = value;
        document.getElementById(id).dispatchEvent(new Event('change'));
      };
      const drawn = [];
      for (const { value } of document.getElementById('me-measure').options) {
        pick('me-measure', value);
        for (const against of ['epoch', 'batch', 'alpha']) {
          pick('me-against', against);
          drawn.push(document.getElementById('me-chart').innerHTML);
        }
      }
      return drawn;
    })()`)) as string[];
    // Every column but those of the shape and the circumstances, which these runs do not know, and the gap.
    const left: string[] = ['epoch', 'N', 'M', 'Q', 'num_evals', ...Object.keys(NO_CIRCUMSTANCES)];
    const measures = [...SPECTRUM_COLUMNS, ...METRICS_COLUMNS].filter(isNumeric).map(([name]) => name);
    expect(drawn).toHaveLength(3 * (measures.filter((name) => !left.includes(name)).length + 1));
    for (const chart of drawn) {
      expect(chart).toMatch(/<circle/);
      expect(chart).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it('takes the mean over seeds when asked to', async () => {
    await open();
    await page.locator('#me-lines').selectOption('group');
    expect(await count('#me-chart svg path[stroke^="oklch"]')).toBe(6);
  });

  it('sorts numbers as numbers, both ways, and text as text', async () => {
    await open();
    await page.getByRole('button', { name: 'batch size', exact: true }).click();
    const rising = (await column(2)).map(Number);
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(await page.locator('th[aria-sort]').textContent()).toBe('batch size');
    await page.getByRole('button', { name: 'batch size', exact: true }).click();
    expect((await column(2)).map(Number)).toEqual([...rising].reverse());
    await page.getByRole('button', { name: 'layer', exact: true }).click();
    expect((await column(3)).slice(0, 12)).toEqual(Array(12).fill('fc1'));
  });

  it('filters by words and by phase', async () => {
    await open();
    await page.locator('#run-filter').fill('b=8_ fc2');
    expect(await column(1)).toEqual(['b=8_seed=0', 'b=8_seed=1']);
    await page.locator('#run-filter').fill('');
    await page.locator('#phase-filter').selectOption('rank-collapse');
    expect(await page.locator('#run-count').textContent()).toBe('4 of 24 rows');
  });

  it('hands out the numbers behind a chart as CSV', async () => {
    await open();
    for (const [button, header, rows] of [
      ['#run-csv', 'run,batch_size,layer,epoch', 24],
      ['#ex-csv', 'from,to,count,density', 60],
      ['#me-csv', 'run,batch_size,epoch,stable_rank', 60],
      ['#map-csv', 'run,batch_size,layer,epoch,phase,confidence,ambiguous', 60],
      ['#grid-csv', 'run,layer,epoch,from,to,count,density', 360],
    ] as const) {
      const waiting = page.waitForEvent('download');
      await page.locator(button).click();
      const lines = readFileSync(await (await waiting).path(), 'utf8')
        .trim()
        .split('\n');
      expect(lines[0]!.startsWith(header)).toBe(true);
      expect(lines).toHaveLength(rows + 1);
    }
  });

  it.each([
    ['desktop, light', { ...DESKTOP, colorScheme: 'light' as const }],
    ['desktop, dark', { ...DESKTOP, colorScheme: 'dark' as const }],
    ['phone, dark', { ...PHONE, colorScheme: 'dark' as const }],
  ])('has no fault that axe-core finds: %s', async (_, options) => {
    await open(options);
    await page.addScriptTag({ content: axeSource });
    const violations = (await page.evaluate(
      'axe.run(document).then((result) => result.violations.map(({ id, nodes }) => id + ": " + nodes.map((node) => node.target + " " + node.failureSummary).slice(0, 3).join("; ")))',
    )) as string[];
    expect(violations).toEqual([]);
  });

  it('fits a phone without scrolling sideways', async () => {
    await open(PHONE);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    const widest = await page.evaluate(
      'Math.max(...[...document.querySelectorAll("svg.chart")].map((svg) => svg.getBoundingClientRect().right))',
    );
    expect(widest).toBeLessThanOrEqual(390);
  });

  it('changes theme by its button, against the system setting too', async () => {
    await open({ ...DESKTOP, colorScheme: 'dark' });
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await paper();
    await page.locator('#theme').click();
    expect(await page.locator('#theme').textContent()).toBe('Theme: light');
    expect(await paper()).not.toBe(dark);
    await page.locator('#theme').click();
    expect(await paper()).toBe(dark);
  });

  it('reaches every control by keyboard', async () => {
    await open();
    const unreached = new Set(
      (await page.evaluate(
        '[...document.querySelectorAll("select, input, button[id]")].map((node) => node.id)',
      )) as string[],
    );
    expect(unreached.size).toBeGreaterThan(15);
    for (let presses = 0; presses < 80 && unreached.size > 0; presses++) {
      await page.keyboard.press('Tab');
      unreached.delete((await page.evaluate('document.activeElement.id')) as string);
    }
    expect([...unreached]).toEqual([]);
  });

  it.each([
    ['weights that belong to no run', 'weights'],
    ['no spectra yet', 'bare'],
    ['spectra without eigenvalues', 'numbers'],
  ])('opens on %s', async (_, kind) => {
    const results = readResults(join(root, 'synthetic'));
    const own = results.spectra.slice(0, 2).map((row) => ({ ...row, run: null, epoch: null }));
    const input = {
      weights: { ...results, runs: [], spectra: own, esd: () => Float64Array.of(0.5, 1, 2) },
      bare: { ...results, spectra: [] },
      numbers: { ...results, esd: () => null },
    }[kind]!;
    const path = join(root, `${kind}.html`);
    writeFileSync(path, buildReport(input));
    await open(DESKTOP, pathToFileURL(path).href);
    const main = await page.locator('main').innerHTML();
    expect(main).not.toMatch(/NaN|undefined|Infinity/);
    expect(await count('#ex-chart svg')).toBe(kind === 'weights' ? 1 : 0);
    if (kind === 'numbers') expect(main).toContain('The eigenvalues of this spectrum are not stored.');
  });

  it('prints charts without controls', async () => {
    await open();
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.controls').first().isVisible()).toBe(false);
    expect(await page.locator('#ex-chart svg').isVisible()).toBe(true);
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-');
  });
});
