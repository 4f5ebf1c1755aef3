import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

// Starting a process takes a second on an idle machine and a minute on a crowded one.
vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));

it('refuses to watch a file, which never becomes a folder', () => {
  const words = ['--import', 'tsx', 'src/cli/main.ts', 'watch', 'package.json', '--port', '0'];
  const { status, stderr } = spawnSync(process.execPath, words, {
    cwd: root,
    encoding: 'utf8',
    timeout: 100_000,
  });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'phasewatch: what is watched must be a folder, got the file package.json\n',
  });
});
