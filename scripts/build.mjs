// Compiles src/ to dist/, the script of the page into one file, only when a source is newer than the last build, so that `npm start` costs nothing the second time.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}dist/.built`;
const newest = Math.max(
  ...['package.json', 'tsconfig.json', 'tsconfig.build.json'].map((file) => statSync(root + file).mtimeMs),
  ...readdirSync(`${root}src`, { recursive: true, withFileTypes: true }).map(
    (entry) => statSync(`${entry.parentPath}/${entry.name}`).mtimeMs,
  ),
);
const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (built < newest || process.argv.includes('--force')) {
  rmSync(`${root}dist`, { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.build.json`],
    {
      stdio: 'inherit',
    },
  );
  const { bundlePage } = await import(`${root}dist/view/page/pageScript.js`);
  writeFileSync(`${root}dist/view/page/pageScript.txt`, bundlePage(`${root}src/view/page/browser/main.ts`));
  chmodSync(`${root}dist/cli/main.js`, 0o755);
  writeFileSync(stamp, '');
}
