import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const BUILT = new URL('./pageScript.txt', import.meta.url);
let bundled: string | null = null;

/** Returns the JavaScript of the page: what the build has bundled or, run from the sources, a bundle made now. */
export function pageScript(): string {
  bundled ??= existsSync(BUILT) ? readFileSync(BUILT, 'utf8') : bundlePage(sources());
  return bundled;
}

/** Returns src/view/page/browser with all that it imports as one script that can stand in HTML; the same sources give the same bytes. */
export function bundlePage(entry: string): string {
  const esbuild = createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  const { outputFiles } = esbuild.buildSync({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
  });
  return outputFiles[0]!.text;
}

const sources = (): string => fileURLToPath(new URL('./browser/main.ts', import.meta.url));
