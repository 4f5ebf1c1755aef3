import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What a compiled phasewatch needs beside it. */
const BESIDE = ['package.json', 'node_modules', 'engine', 'experiments', 'schemas', 'configs'];

const CONFIG = `name: tiny
network:
  layers:
    - { type: flatten }
    - { type: dense, name: fc1, units: 12 }
    - { type: dense, name: fc2, units: 10, activation: linear }
dataset: mnist
trainImages: 200
testImages: 100
epochs: 2
sweep: { batchSize: [10, 50] }
`;

/** A command as it is tried: what it is asked, given the folder that it reads and writes. */
export interface Tried {
  name: string;
  words(folder: string): string[];
  /** Exit code where nothing is in its way. */
  code: number;
  /** True when it writes into the folder. */
  writes: boolean;
}

const results = (folder: string): string => join(folder, 'results');
const config = (folder: string): string => join(folder, 'tiny.yaml');
const weights = (folder: string): string =>
  join(results(folder), 'runs/b=10/snapshots/epoch-002.safetensors');

/** Every command of phasewatch: all that it writes goes into the folder, all that it reads is there, but for MNIST and the engine. */
export const COMMANDS: readonly Tried[] = [
  tried('run', true, (at) => ['run', config(at), '--out', join(at, 'new'), '--jobs', '1']),
  tried('run --jobs 2', true, (at) => ['run', config(at), '--out', join(at, 'new'), '--jobs', '2']),
  tried('run, going on', true, (at) => [
    'run',
    config(at),
    '--out',
    results(at),
    '--set',
    'epochs=3',
    '--jobs',
    '1',
  ]),
  tried('run --dry-run', false, (at) => ['run', config(at), '--out', join(at, 'new'), '--dry-run']),
  tried('train', true, (at) => ['train', config(at), '--out', join(at, 'new'), '--jobs', '1']),
  tried('analyze of weights', true, (at) => ['analyze', weights(at), '--csv', join(at, 'spectra.csv')]),
  tried('analyze of results', true, (at) => ['analyze', results(at), '--fit', 'ww']),
  tried('analyze of checkpoints', true, (at) => ['analyze', weights(at), '--out', join(at, 'mine')]),
  tried('diff', true, (at) => [
    'diff',
    weights(at),
    weights(at),
    '--csv',
    join(at, 'diff.csv'),
    '--report',
    join(at, 'diff.html'),
  ]),
  tried('figures', true, (at) => ['figures', results(at)]),
  tried('report', true, (at) => ['report', results(at)]),
  tried('compare', true, (at) => ['compare', results(at)]),
  tried('reproduce', false, () => ['reproduce']),
  tried('export', true, (at) => ['export', weights(at), '--to', join(at, 'exported')]),
  tried('export --parquet', true, (at) => ['export', results(at), '--parquet', join(at, 'table.parquet')]),
  tried('work', true, (at) => ['work', join(at, 'new'), '--config', config(at), '--threads', '1']),
  tried('work, going on', true, (at) => ['work', results(at), '--threads', '1']),
  tried('status', false, (at) => ['status', results(at)]),
  tried('cancel', false, (at) => ['cancel', results(at)], 2),
  tried('verify', false, (at) => ['verify', results(at)]),
  tried('data list', false, () => ['data', 'list']),
  tried('data verify', false, () => ['data', 'verify', 'mnist']),
  tried('data import', true, (at) => ['data', 'import', 'cifar10', '--from', join(at, 'nothing')], 2),
  tried('doctor', false, () => ['doctor']),
  tried('engine info', false, () => ['engine', 'info']),
  tried('--help', false, () => ['--help']),
  tried('a mistake', false, () => ['analyse'], 2),
];

function tried(name: string, writes: boolean, words: Tried['words'], code = 0): Tried {
  return { name, words, code, writes };
}

export interface Ended {
  /** As a shell counts: 128 and the signal that ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

/** phasewatch, compiled, with a folder of results to work on. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'phasewatch-every-'));
  private readonly main = join(this.folder, 'program/dist/cli/main.js');
  private readonly template = join(this.folder, 'template');
  private made = 0;

  constructor() {
    const program = join(this.folder, 'program');
    mkdirSync(program);
    for (const name of BESIDE) symlinkSync(join(root, name), join(program, name));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [
      tsc,
      '-p',
      join(root, 'tsconfig.build.json'),
      '--outDir',
      `${program}/dist`,
    ]);
    // as scripts/build.mjs does, which other tests may be running
    const page = `${program}/dist/view/page/pageScript`;
    const sources = join(root, 'src/view/page/browser/main.ts');
    execFileSync(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { writeFileSync } from 'node:fs';
import { bundlePage } from '${page}.js';
writeFileSync('${page}.txt', bundlePage('${sources}'));`,
    ]);
    mkdirSync(this.template);
    writeFileSync(config(this.template), CONFIG);
    const words = ['run', config(this.template), '--out', results(this.template), '--jobs', '1', '--quiet'];
    const { status, stderr } = spawnSync(process.execPath, [this.main, ...words], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  }

  /** Returns a folder of its own for a command to work in. */
  place(): string {
    const folder = join(this.folder, `place-${this.made++}`);
    cpSync(this.template, folder, { recursive: true });
    return folder;
  }

  /** Runs a command, by way of a shell line in which `"$@"` is the command. `whileRunning` may do something to it. */
  async run(
    words: readonly string[],
    {
      shell = 'exec "$@"',
      whileRunning,
    }: { shell?: string; whileRunning?: (child: Child) => Promise<void> } = {},
  ): Promise<Ended> {
    const child = spawn('bash', ['-c', shell, 'bash', process.execPath, this.main, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PHASEWATCH_CACHE: undefined },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const ended = new Promise<number>((resolve) => {
      child.on('close', (code, signal) => resolve(code ?? 128 + SIGNALS[signal as keyof typeof SIGNALS]));
    });
    await whileRunning?.(child);
    return { code: await ended, stdout, stderr };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type Child = ReturnType<typeof spawn>;
const SIGNALS = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** What an error looks like: one line that begins with the name of the program, and no stack under it. */
export function expectClean({ code, stderr }: Ended): void {
  expect(stderr).not.toMatch(/\n\s+at |Error:|node:internal|Unhandled|\[object/);
  const told = stderr.split('\n').filter((line) => line.startsWith('phasewatch: '));
  expect(told.length).toBeLessThanOrEqual(1);
  if (code === 2) expect(told).toHaveLength(1);
}

/** Nothing in a folder is half-written, and nothing is left that only a process at work may have. */
export function expectWhole(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    expect(name).not.toMatch(/(^|\/)\.lock|\.tmp$|\.partial/);
    const text = readFileSync(path, 'latin1');
    if (name.endsWith('.json')) expect(() => JSON.parse(text), name).not.toThrow();
    if (/\.(csv|yaml)$/.test(name)) expect(text.endsWith('\n'), name).toBe(true);
    if (name.endsWith('.html')) expect(text.trimEnd().endsWith('</html>'), name).toBe(true);
    if (name.endsWith('.svg')) expect(text.trimEnd().endsWith('</svg>'), name).toBe(true);
  }
}

/** Mounts need a namespace of one's own; where there is none (no root, a strict container) the hazards that take one are skipped. */
export const canMount =
  spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /mnt && mount -o remount,ro /mnt']).status ===
  0;

/** A shell line that runs the command where the folder may only be read. */
export const readOnly = (folder: string): string =>
  `exec unshare -m sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd / && exec "$@"' ${folder} "$@"`;

/**
 * A shell line that runs the command where the folder's disk has no byte left. What is in it afterwards is written to `out`, as the checksums of
 * the files.
 */
export const diskFull = (folder: string, out: string): string =>
  `exec unshare -m bash -c '
    cp -r "$0" ${out}.copy && mount -t tmpfs -o size=8m none "$0" && cp -r ${out}.copy/. "$0" && rm -r ${out}.copy
    cat /dev/zero > "$0/filled" 2> /dev/null
    "$@"; code=$?
    rm "$0/filled"; cp -r "$0" ${out}; exit $code' ${folder} "$@"`;

/** Sends a signal as soon as the command is at work: when it has written something, or after a while. */
export async function terminate(
  child: Child,
  folder: string,
  name: NodeJS.Signals,
  patience: number,
): Promise<void> {
  const count = (): number => readdirSync(folder, { recursive: true }).length;
  const before = count();
  for (let waited = 0; waited < patience && count() === before && child.exitCode === null; waited += 10)
    await sleep(10);
  child.kill(name);
}
