import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resultsLayout } from '../../../src/experiment/results/layout.ts';
import { ResultsFeed } from '../../../src/view/live/resultsFeed.ts';
import { servePage } from '../../../src/view/live/servePage.ts';
import { writeSyntheticResults } from '../../experiment/results/syntheticResults.ts';
import { browserPath, launchBrowser, NO_BROWSER } from '../page/chromium.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-watched-'));
const whole = resultsLayout(join(folder, 'whole'));
const RUN = 'b=2_seed=0';
const OTHER = 'b=500_seed=0';
let made = 0;
let browser: Browser;
let end = new AbortController();
let serving: Promise<void> = Promise.resolve();

beforeAll(async () => {
  writeSyntheticResults(whole.dir, { epochs: 4, seeds: 1 });
  if (browserPath !== null) browser = await launchBrowser();
});
afterEach(async () => {
  end.abort();
  await serving;
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Serves a folder and returns the address. */
function serve(dir: string, port = 0): Promise<string> {
  end = new AbortController();
  const { signal } = end;
  return new Promise((resolve, reject) => {
    serving = servePage(new ResultsFeed(dir), { port, signal, onListening: resolve, intervalMs: 50 });
    serving.catch(reject);
  });
}

const status = (state: string, epoch: number): string =>
  JSON.stringify({
    state,
    epoch,
    epochs: 4,
    images_per_second: 1234,
    pid: process.pid,
    host: 'elsewhere',
    started_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:01:00.000Z',
    finished_at: null,
    error: null,
    stopped_early: false,
  });

/** A folder in which one run has trained `epoch` epochs, of which `analyzed` have spectra. */
function grow(dir: string, epoch: number, analyzed: number): void {
  const layout = resultsLayout(dir);
  const files = layout.run(RUN);
  const given = whole.run(RUN);
  mkdirSync(files.dir, { recursive: true });
  mkdirSync(layout.esdFolder, { recursive: true });
  cpSync(whole.experiment, layout.experiment);
  cpSync(given.config, files.config);
  const upTo = (path: string, column: string, last: number, keep: (line: string) => boolean): string => {
    const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
    const at = header!.split(',').indexOf(column);
    const kept = lines.filter((line) => keep(line) && Number(line.split(',')[at]) <= last);
    return `${[header, ...kept].join('\n')}\n`;
  };
  writeFileSync(
    files.metrics,
    upTo(given.metrics, 'epoch', epoch, () => true),
  );
  writeFileSync(files.status, status('running', epoch));
  if (analyzed < 0) return;
  cpSync(whole.esd(RUN), layout.esd(RUN));
  writeFileSync(
    layout.spectra,
    upTo(whole.spectra, 'epoch', analyzed, (line) => line.includes(RUN)),
  );
}

const place = (): string => join(folder, String(made++));

describe('ResultsFeed', () => {
  it('has a page before there is a folder, and moves it by what changes and nothing else', () => {
    const dir = place();
    const feed = new ResultsFeed(dir);
    expect(feed.progress()).toBe(null);
    expect(feed.html()).toContain('Nothing is there yet.');
    grow(dir, 0, -1);
    const early = feed.payload();
    expect(feed.payload()).toBe(early);
    expect(feed.progress()).toMatchObject({ running: 1 });
    grow(dir, 1, 0);
    expect(feed.payload()).not.toEqual(early);
    expect(existsSync(join(dir, 'report.html'))).toBe(false);
  });

  it.each<[string, (layout: ReturnType<typeof resultsLayout>) => void]>([
    ['a file for runs/', ({ runs }) => fileFor(runs)],
    ['a file for esd/', ({ esdFolder }) => fileFor(esdFolder)],
    ['a file among the runs', ({ runs }) => fileFor(join(runs, 'plain'))],
    ['a file for the snapshots of a run', (layout) => fileFor(layout.run(RUN).snapshots)],
    ['a file for the whole folder', ({ dir }) => fileFor(dir)],
    ['a link to itself', (layout) => linkFor(layout.run(RUN).status, 'status.json')],
    ['runs/ a link to itself', ({ runs }) => linkFor(runs, 'runs')],
    ['a folder for a file', (layout) => mkdirSync(layout.reproduction)],
    ['nothing any more', ({ dir }) => rmSync(dir, { recursive: true })],
  ])('goes on over a damaged folder: %s', (_, damage) => {
    const dir = place();
    grow(dir, 1, 0);
    const feed = new ResultsFeed(dir);
    expect(feed.html()).toContain(RUN);
    damage(resultsLayout(dir));
    expect(feed.html()).toContain('id="progress"');
    expect(() => feed.payload()).not.toThrow();
    expect(() => feed.progress()).not.toThrow();
    rmSync(dir, { recursive: true, force: true });
    grow(dir, 1, 0);
    expect(feed.html()).toContain(RUN);
  });
});

function fileFor(path: string): void {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, 'x');
}

function linkFor(path: string, to: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(to, path);
}

describe('servePage', () => {
  it('outlives a feed that fails: the browser is told, and sees the page when there is one', async () => {
    let fails = true;
    const orFail = <Value>(value: Value): Value => {
      if (fails) throw new Error('EMFILE: too many open files');
      return value;
    };
    const feed = { html: () => orFail('page'), payload: () => orFail({} as never), progress: () => null };
    end = new AbortController();
    const { signal } = end;
    const url = await new Promise<string>((onListening) => {
      serving = servePage(feed, { port: 0, signal, onListening, intervalMs: 20 });
    });
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([503, 'EMFILE: too many open files\n']);
    const events = (await fetch(`${url}events`)).body!.getReader();
    let said = '';
    const until = async (text: string): Promise<void> => {
      while (!said.includes(text)) said += Buffer.from((await events.read()).value!).toString('utf8');
    };
    await until('event: trouble');
    fails = false;
    await until('event: page');
    expect((await fetch(url)).status).toBe(200);
  });
});

describe.skipIf(browserPath === null)(`a page that is watched (${browserPath ?? NO_BROWSER})`, () => {
  async function open(url: string): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    await page.locator('html[data-ready]').waitFor();
    return { page, complaints };
  }

  it('shows progress, curves and densities as they come, and outlives a restart of who serves it', async () => {
    const dir = place();
    const { page, complaints } = await open(await serve(dir));
    expect(await page.locator('#progress').textContent()).toBe('Nothing is there yet.');
    grow(dir, 1, -1);
    await page.locator('#progress .said', { hasText: 'epoch 1 of 4, 1 234 images/s, test' }).waitFor();
    await page.locator('#curve-grid svg').first().waitFor();
    expect(await page.locator('#densities').isVisible()).toBe(false);
    expect(await page.locator('#progress progress').getAttribute('value')).toBe('0.2500');
    grow(dir, 1, 1);
    await page.locator('#density-grid svg').first().waitFor();
    expect(await page.locator('#epoch-shown').textContent()).toContain('1');
    await page.locator('#run-count', { hasText: '2 of 2 rows' }).waitFor();

    const port = Number(new URL(page.url()).port);
    end.abort();
    await serving;
    await page.locator('#connection', { hasText: 'Nobody serves this page any more' }).waitFor();
    grow(dir, 2, 2);
    await serve(dir, port);
    await page.locator('#progress .said', { hasText: 'epoch 2 of 4' }).waitFor();
    await page.locator('#connection', { hasText: 'The page moves with the training.' }).waitFor();
    await page.locator('#facts h3', { hasText: 'epoch 2' }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('has at the end what `report` writes, and names runs that went wrong', async () => {
    const dir = place();
    cpSync(dirname(whole.spectra), dir, { recursive: true });
    const { page, complaints } = await open(await serve(dir));
    writeFileSync(
      resultsLayout(dir).run(OTHER).status,
      status('failed', 1).replace('"error":null', '"error":"loss <b>NaN</b>"'),
    );
    await page.locator('#progress .said', { hasText: 'failed: loss <b>NaN</b>' }).waitFor();
    expect(await page.locator('#density-grid svg').count()).toBeGreaterThan(3);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
