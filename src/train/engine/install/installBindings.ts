import { copyFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../base/userError.ts';
import { engineParts } from '../enginePaths.ts';
import { ENGINE_SOURCES } from '../ownSources.ts';
import { diskFullError } from './diskFull.ts';
import { runTool } from './runTool.ts';

/** What npm tells its scripts of the package and command that run; a nested npm must not take it for its own. */
const OUTER_NPM =
  /^(npm_package_|npm_lifecycle_|npm_config_(global|prefix|local_prefix|dry_run|omit|include)$|INIT_CWD$)/i;

/** Source maps, types and tests: two thirds of the folder, never read when it runs. */
const UNUSED_FILE = /\.(?:map|d\.ts|tsbuildinfo)$|_test\.js$/;

/**
 * Fetches tfjs-node and what it needs into node_modules of `engineFolder`, each package with the hash of engine/package-lock.json.
 * Runs no install script. Throws UserError that names the trouble when npm fails.
 */
export async function installBindings(engineFolder: string, signal?: AbortSignal): Promise<void> {
  for (const file of ['package.json', 'package-lock.json']) {
    copyFileSync(join(ENGINE_SOURCES, file), join(engineFolder, file));
  }
  const args = [
    'ci',
    '--ignore-scripts',
    '--omit=dev',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
  ];
  const { code, stderr, stdout } = await runTool('npm', args, {
    cwd: engineFolder,
    env: withoutOuterNpm(),
    signal,
  });
  if (code !== 0) throw npmError(code, `${stderr}\n${stdout}`);
}

/** Returns values for `env` of runTool that take the variables of an outer npm away. */
function withoutOuterNpm(): Record<string, undefined> {
  return Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => OUTER_NPM.test(name))
      .map((name) => [name, undefined]),
  );
}

function npmError(code: number | null, said: string): UserError {
  const lines = said
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim())
    .filter(Boolean);
  const kind = /^code (\S+)/m.exec(lines.join('\n'))?.[1] ?? `exit code ${code}`;
  const message =
    lines.find((line) => !/^(code|syscall|errno|path|A complete log)/.test(line)) ?? 'no message';
  const full = diskFullError('the packages of tfjs-node', said);
  if (full !== null) return full;
  if (kind === 'EINTEGRITY') {
    return new UserError(
      `the packages of tfjs-node must have the hashes of engine/package-lock.json, got: ${message}`,
      'npm cache clean --force, then run it again; if the hash stays wrong, look at: npm config get registry',
    );
  }
  return new UserError(
    `tfjs-node must be fetched from the registry of npm, got ${kind}: ${message}`,
    'check the network and the proxy (npm config get proxy), and the registry: npm config get registry',
  );
}

/** Removes from node_modules what no running engine reads. */
export async function pruneBindings(engineFolder: string): Promise<void> {
  const root = join(engineFolder, 'node_modules');
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && UNUSED_FILE.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
  }
  rmSync(join(engineFolder, engineParts.tensorflow, 'include'), { recursive: true, force: true });
}
