// Takes the pictures of a report that the documentation shows: node scripts/screenshots.mjs results/quick docs/images
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [dir, out] = process.argv.slice(2);
if (out === undefined) {
  console.error('usage: node scripts/screenshots.mjs <results folder> <folder to write to>');
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const pictures = {
  'report-desktop': { viewport: { width: 1280, height: 1500 } },
  'report-phone': { viewport: { width: 390, height: 1500 }, colorScheme: 'dark' },
};
for (const [name, options] of Object.entries(pictures)) {
  const page = await browser.newPage(options);
  await page.goto(pathToFileURL(resolve(dir, 'report.html')).href);
  await page.locator('html[data-ready]').waitFor();
  await page.screenshot({ path: join(out, `${name}.png`) });
}
await browser.close();
