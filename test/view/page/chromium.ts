import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of an installed browser, or why there is none. */
export const browserPath: string | null =
  [process.env.CHROMIUM_PATH, ...PATHS].find((path) => path !== undefined && existsSync(path)) ?? null;

export const NO_BROWSER = `skipped: no Chromium (looked for $CHROMIUM_PATH, ${PATHS.join(', ')}); apt-get install chromium`;

export function launchBrowser(): Promise<Browser> {
  // The sandbox needs privileges that containers and root do not have; the pages are this project's own.
  return chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] });
}
