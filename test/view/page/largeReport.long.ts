import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { buildReport } from '../../../src/view/page/buildReport.ts';
import { browserPath, launchBrowser, NO_BROWSER } from './chromium.ts';
import { largeReportInput } from './largeReport.ts';

/** Bytes that a page of 100 runs of 100 epochs and two layers may have. */
const MAX_BYTES = 15e6;

it('a page on 100 runs of 100 epochs stays small; how fast it opens is printed', async () => {
  const input = largeReportInput(100, 100);
  const start = performance.now();
  const html = buildReport(input);
  console.log(
    `${(html.length / 1e6).toFixed(1)} MB, built in ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
  expect(html.length).toBeLessThan(MAX_BYTES);
  if (browserPath === null) {
    console.warn(NO_BROWSER);
    return;
  }
  const root = mkdtempSync(join(tmpdir(), 'large-'));
  const browser = await launchBrowser();
  try {
    const path = join(root, 'report.html');
    writeFileSync(path, html);
    for (let round = 0; round < 3; round++) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      const opened = performance.now();
      await page.goto(pathToFileURL(path).href);
      await page.locator('html[data-ready]').waitFor();
      console.log(`opened in ${(performance.now() - opened).toFixed(0)} ms`);
      await page.close();
    }
  } finally {
    await browser.close();
    rmSync(root, { recursive: true });
  }
});
