import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseHTML } from 'linkedom';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  METRICS_COLUMNS,
  NO_CIRCUMSTANCES,
  NOT_EVALUATED,
} from '../../../src/experiment/results/metricsRow.ts';
import { readResults } from '../../../src/experiment/results/readResults.ts';
import { isNumeric, SPECTRUM_COLUMNS } from '../../../src/spectra/columns.ts';
import { esdFigure } from '../../../src/view/figures/esdFigures.ts';
import { buildReport } from '../../../src/view/page/buildReport.ts';
import { pageData } from '../../../src/view/page/content/pageData.ts';
import { packPage } from '../../../src/view/page/content/pagePayload.ts';
import type { ReportInput } from '../../../src/view/page/content/reportInput.ts';
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
  const apart = () => page.locator('#seeds').selectOption('apart');
  const column = (n: number): Promise<string[]> =>
    page.locator(`#run-table tbody tr:not([hidden]) > :nth-child(${n})`).allTextContents();

  it('draws every chart', async () => {
    await open();
    expect(await count('#density-grid svg')).toBe(6);
    expect(await count('#density-grid svg rect')).toBeGreaterThan(100);
    expect(await count('#spectrum-chart svg')).toBe(1);
    expect(await count('#spectrum-second svg')).toBe(1);
    expect(await count('#maps svg')).toBe(2);
    expect(await count('#maps svg a')).toBe(2 * 6 * 5);
    expect(await count('#gap-grid svg circle')).toBe(2 * 6);
    expect(await count('#curve-grid svg')).toBe(4);
    expect(await count('#measure-chart svg [data-mark="line"]')).toBe(6);
    expect(await count('#measure-chart svg [data-mark="area"]')).toBe(6);
    const drawn = await page.locator('main').innerHTML();
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('moves every density by one slider: epoch, spectra and evidence change', async () => {
    await open();
    const charts = () =>
      page.locator('#density-grid svg').evaluateAll((all) => all.map((one) => one.outerHTML));
    const last = await charts();
    expect(await page.locator('#epoch-shown').textContent()).toBe('epoch 4');
    await page.locator('#epoch').focus();
    await page.keyboard.press('Home');
    expect(await page.locator('#epoch-shown').textContent()).toBe('epoch 0');
    const first = await charts();
    expect(first.filter((chart, i) => chart !== last[i])).toHaveLength(6);
    expect(await page.locator('#facts').textContent()).toContain('random-like');
    await page.locator('#facts summary').click();
    expect(await page.locator('#facts dt', { hasText: 'mu of alpha' }).isVisible()).toBe(true);
    await page.locator('#epoch').focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#epoch').getAttribute('aria-valuetext')).toBe('epoch 1');
    expect(await page.locator('#facts dt', { hasText: 'mu of alpha' }).isVisible()).toBe(true);
  });

  it('plays the epochs to the last one and stops', async () => {
    await open();
    await page.locator('#play').click();
    expect(await page.locator('#play').textContent()).toBe('Pause');
    await page.locator('#play', { hasText: 'Play' }).waitFor();
    expect(await page.locator('#epoch-shown').textContent()).toBe('epoch 4');
  });

  it('shows the run, layer and view that are chosen', async () => {
    await open();
    await page.locator('#run').selectOption({ label: 'overRegularized_seed=1' });
    await page.locator('#layer').selectOption({ label: 'fc2' });
    expect(await page.locator('#spectrum-chart svg').getAttribute('aria-label')).toBe(
      'Spectral density of overRegularized_seed=1, fc2, epoch 4',
    );
    expect(await page.locator('#facts .badge').textContent()).toBe('rank-collapse');
    for (const view of ['linear', 'log', 'bulk']) {
      await page.locator('#view').selectOption(view);
      expect(await count('#spectrum-chart svg rect')).toBeGreaterThan(3);
    }
    // In one call: every measure against everything, as a user would choose them.
    const drawn = (await page.evaluate(`(() => {
      const pick = (id, value) => {
        document.getElementById(id).value = value;
        document.getElementById(id).dispatchEvent(new Event('change'));
      };
      const drawn = [];
      for (const { value } of [...document.getElementById('measure').options]) {
        pick('measure', value);
        for (const against of ['epoch', 'batch', 'alpha']) {
          pick('against', against);
          drawn.push(document.getElementById('measure-chart').innerHTML);
        }
      }
      return drawn;
    })()`)) as string[];
    // Every column but those of the shape and the circumstances, which these runs do not know, and the gap.
    const left: string[] = [
      'epoch',
      'N',
      'M',
      'Q',
      'num_evals',
      ...Object.keys({ ...NO_CIRCUMSTANCES, ...NOT_EVALUATED }),
    ];
    const measures = [...SPECTRUM_COLUMNS, ...METRICS_COLUMNS].filter(isNumeric).map(([name]) => name);
    expect(drawn).toHaveLength(3 * (measures.filter((name) => !left.includes(name)).length + 1));
    for (const chart of drawn) {
      expect(chart).toMatch(/<circle/);
      expect(chart).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it('shows seeds together, with their spread and the label of the ensemble, and each for itself', async () => {
    await open();
    expect(await page.locator('#facts h3').textContent()).toBe('b=2, 2 seeds, fc1, epoch 4');
    expect(await page.locator('#facts').textContent()).toContain('runs: 2 heavy-tailed');
    expect(await page.locator('#run-count').textContent()).toBe('12 of 12 rows');
    const alpha = page.locator('#run-table tbody tr').first().locator('td').nth(7);
    expect(await alpha.textContent()).toMatch(/^\d+\.\d+ \u00b1 \d+\.\d+$/);
    await page.locator('#seeds').selectOption('apart');
    expect(await page.locator('#facts h3').textContent()).toBe('b=2_seed=0, fc1, epoch 4');
    expect(await page.locator('#run-count').textContent()).toBe('24 of 24 rows');
    expect(await count('#maps svg a')).toBe(2 * 12 * 5);
    expect(await count('#measure-chart svg [data-mark="area"]')).toBe(0);
    expect(await page.evaluate('location.hash')).toBe('#seeds=apart');
  });

  it('shows the same bars as the figure of the same spectrum', async () => {
    await open(DESKTOP, `${url}#run=b%3D8_seed%3D0&layer=fc1&view=linear`);
    const heights = (bars: readonly string[]): number[] => {
      const numbers = bars.map(Number);
      return numbers.map((height) => Number((height / Math.max(...numbers)).toFixed(2)));
    };
    const onPage = await page
      .locator('#spectrum-chart [data-mark="rect"] rect')
      .evaluateAll((all) => all.map((bar) => bar.getAttribute('height')!));
    const results = readResults(join(root, 'synthetic'));
    const row = results.spectra.findLast((other) => other.run === 'b=8_seed=0' && other.layer === 'fc1')!;
    const { svg } = esdFigure({ row, evals: results.esd(row.run, row.epoch, row.layer)! });
    const [panel] = parseHTML(svg).document.querySelectorAll('[aria-label="rect"]');
    const inFigure = [...panel!.querySelectorAll('rect')].map((bar) => bar.getAttribute('height')!);
    expect(onPage.length).toBeGreaterThan(20);
    expect(heights(onPage)).toEqual(heights(inFigure));
  });

  it('has its state in the address, and a cell of the map, a point and a row lead to their spectrum', async () => {
    await open(DESKTOP, `${url}#run=b%3D128_seed%3D1&layer=fc2&epoch=2&view=log&seeds=apart`);
    const title = page.locator('#facts h3');
    expect(await title.textContent()).toBe('b=128_seed=1, fc2, epoch 2');
    expect(await page.locator('#view').inputValue()).toBe('log');
    await page.locator('#maps svg').first().locator('a').nth(6).click();
    expect(await title.textContent()).toBe('b=2_seed=1, fc1, epoch 1');
    await page.locator('#gap-grid svg').last().locator('a').first().click();
    expect(await title.textContent()).toBe('b=2_seed=0, fc2, epoch 4');
    await page
      .locator('#run-table tbody tr', { hasText: 'overRegularized_seed=0' })
      .first()
      .locator('td')
      .nth(3)
      .click();
    expect(await title.textContent()).toBe('overRegularized_seed=0, fc1, epoch 4');
    expect(
      await page.locator('#spectrum').evaluate((section) => Math.abs(section.getBoundingClientRect().top)),
    ).toBeLessThan(5);
    await page.locator('#layer').selectOption('fc2');
    await page.reload();
    await page.locator('html[data-ready]').waitFor();
    expect(await title.textContent()).toBe('overRegularized_seed=0, fc2, epoch 4');
    await page.goBack();
    expect(await title.textContent()).toBe('b=2_seed=0, fc2, epoch 4');
  });

  it('shows new data in the place of the old, and keeps what was chosen', async () => {
    const results = readResults(join(root, 'synthetic'));
    const early = { ...results, spectra: results.spectra.filter((row) => (row.epoch ?? 0) < 2) };
    const html = buildReport(
      { ...results, spectra: [], runs: results.runs.slice(0, 1) },
      { events: '/events', progress: null },
    );
    const events = (input: ReportInput): string =>
      `event: page\ndata: ${JSON.stringify(packPage(pageData(input)))}\n\n`;
    const bodies = [events(early), events(results)];
    page = await (await browser.newContext(DESKTOP)).newPage();
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.route('http://127.0.0.1:9/**', (route) =>
      route.request().url().endsWith('/events')
        ? route.fulfill({ contentType: 'text/event-stream', body: `retry: 300\n${bodies.shift() ?? ''}\n\n` })
        : route.fulfill({ contentType: 'text/html', body: html }),
    );
    await page.goto('http://127.0.0.1:9/#run=b%3D8_seed%3D1&layer=fc2&view=linear');
    const title = page.locator('#facts h3');
    await page.locator('#facts h3', { hasText: 'b=8_seed=1, fc2, epoch 1' }).waitFor();
    expect(await page.locator('#run-count').textContent()).toBe('12 of 12 rows');
    await page.locator('#run-filter').fill('fc2');
    await page.locator('#facts h3', { hasText: 'epoch 4' }).waitFor();
    expect(await title.textContent()).toBe('b=8_seed=1, fc2, epoch 4');
    expect(await page.locator('#view').inputValue()).toBe('linear');
    expect(await page.locator('#run-count').textContent()).toBe('6 of 12 rows');
  });

  it('sorts numbers as numbers, both ways, and text as text', async () => {
    await open();
    await apart();
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
    await apart();
    await page.locator('#run-filter').fill('b=8_ fc2');
    expect(await column(1)).toEqual(['b=8_seed=0', 'b=8_seed=1']);
    await page.locator('#run-filter').fill('');
    await page.locator('#phase-filter').selectOption('rank-collapse');
    expect(await page.locator('#run-count').textContent()).toBe('4 of 24 rows');
  });

  it('hands out the numbers behind a chart as CSV', async () => {
    await open();
    await apart();
    for (const [button, header, rows] of [
      ['#run-csv', 'run,batch_size,layer,epoch', 24],
      ['#spectrum-csv', 'run,layer,epoch,from,to,count,density', 50],
      ['#measure-csv', 'run,batch_size,epoch,stable_rank', 60],
      ['#densities-csv', 'run,layer,epoch,from,to,count,density', 600],
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
      'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations.map(({ id, nodes }) => id + ": " + nodes.map((node) => node.target + " " + node.failureSummary).slice(0, 3).join("; ")))',
    )) as string[];
    expect(violations).toEqual([]);
  });

  it('cuts nothing off at any width, opened there or brought to it, and no row has over three lines from a phone on', async () => {
    await open({ ...PHONE, viewport: { width: 320, height: 844 } });
    for (const width of [320, 390, 768, 1024, 1300]) {
      await page.setViewportSize({ width, height: 844 });
      // Drawn anew for this width, in the frame that follows.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      const wide = (await page.evaluate(
        `[...document.querySelectorAll("svg.chart, #run-table, .numbers summary > *")]
        .filter((node) => node.getBoundingClientRect().right > ${width} || node.scrollWidth > node.clientWidth + 1)
        .map((node) => node.outerHTML.slice(0, 100))`,
      )) as string[];
      expect(wide).toEqual([]);
      const tallest = await page.evaluate(
        'Math.max(...[...document.querySelectorAll("#run-table tbody tr, .numbers summary")].map((row) => row.getBoundingClientRect().height))',
      );
      expect(tallest).toBeLessThan(width < 390 ? 110 : 80);
    }
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
        '[...document.querySelectorAll("select, input, button[id]")].filter((node) => node.checkVisibility()).map((node) => node.id)',
      )) as string[],
    );
    expect(unreached.size).toBeGreaterThan(12);
    for (let presses = 0; presses < 160 && unreached.size > 0; presses++) {
      await page.keyboard.press('Tab');
      unreached.delete((await page.evaluate('document.activeElement.id')) as string);
    }
    expect([...unreached]).toEqual([]);
  });

  it.each([
    ['weights that belong to no run', 'weights'],
    ['weights files', 'files'],
    ['the difference of two models', 'difference'],
    ['no spectra yet', 'bare'],
    ['spectra without eigenvalues', 'numbers'],
  ])('opens on %s', async (_, kind) => {
    const results = readResults(join(root, 'synthetic'));
    const own = results.spectra
      .filter(({ run, epoch }) => run === 'b=2_seed=0' && epoch === 4)
      .map((row) => ({ ...row, run: null, epoch: null }));
    const input = {
      weights: { ...results, runs: [], spectra: own, esd: () => Float64Array.of(0.5, 1, 2) },
      files: {
        ...results,
        weights: true,
        runs: [],
        spectra: own.map((row) => ({ ...row, run: 'model.pt', warning: 'poor fit' })),
        esd: () => Float64Array.of(0.5, 1, 2),
      },
      difference: {
        ...results,
        weights: true,
        difference: { a: 'base.pt', b: 'tuned.pt', remarks: ['head: only in tuned.pt'] },
        runs: [],
        spectra: own.map((row, i) => ({
          ...row,
          run: 'tuned.pt - base.pt',
          layer: `model.layers.${i}.self_attention.query_projection.weight`,
          ...{ frobenius_a: 4, frobenius_delta: i, relative_change: i / 4, cosine: 1 - i / 8, top: 10 },
          ...{ alpha_a: 3, alpha_b: 4, alpha_change: 1, phase_a: 'random-like', phase_b: 'bulk+spikes' },
          ...{ overlap_short: 0.75, delta_overlap_short: i === 0 ? null : 0.25, chance_short: 0.125 },
        })),
        esd: (_run: string | null, _epoch: number | null, layer: string) =>
          layer.includes('.0.') ? Float64Array.of(0, 0, 0) : Float64Array.of(0.5, 1, 2),
      },
      bare: { ...results, spectra: [] },
      numbers: { ...results, esd: () => null },
    }[kind]!;
    const path = join(root, `${kind}.html`);
    writeFileSync(path, buildReport(input));
    await open(DESKTOP, pathToFileURL(path).href);
    const main = await page.locator('main').innerHTML();
    expect(main).not.toMatch(/NaN|undefined|Infinity/);
    expect(await count('#spectrum-chart svg')).toBe(kind === 'bare' || kind === 'numbers' ? 0 : 1);
    if (kind === 'files') {
      expect(await count('#density-grid figure.double svg')).toBe(4);
      expect(await count('#depth-grid svg circle')).toBe(2);
      expect(await page.locator('#models').textContent()).toContain('warnings2 poor fit');
      expect(await page.locator('#phases').isVisible()).toBe(false);
    }
    if (kind === 'difference') {
      // Densities are drawn when they come near the view.
      await page.locator('#density-grid figure').last().scrollIntoViewIfNeeded();
      await page.locator('#density-grid figure.double svg').nth(3).waitFor();
      // Sizes; alphas of A, of B and of B - A; their change; overlaps, by chance, of B, and of the one layer that changed.
      expect(await count('#change-grid svg circle')).toBe(2 + 6 + 2 + 5);
      // |B - A| / |A| of both layers together: sqrt(0 + 1) / sqrt(16 + 16).
      expect(await page.locator('#models').textContent()).toContain('relative change0.177');
      expect(await page.locator('#models').textContent()).toContain('2 random-like to bulk+spikes');
      expect(await page.locator('#models').textContent()).toContain('head: only in tuned.pt');
      expect(await column(9)).toEqual(['\u2013', '0.250']);
      await page.locator('#change-grid svg').last().locator('a').last().click();
      expect(await page.locator('#facts h3').textContent()).toContain('model.layers.1.');
      await page.setViewportSize({ width: 320, height: 800 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    }
    if (kind === 'numbers') expect(main).toContain('The eigenvalues of this spectrum are not stored.');
  });

  it('prints charts without controls', async () => {
    await open();
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.controls').first().isVisible()).toBe(false);
    expect(await page.locator('#spectrum-chart svg').isVisible()).toBe(true);
    expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-');
  });
});
