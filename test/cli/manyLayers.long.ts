import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(root, 'dist/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-many-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
});

const LAYERS = 200_000;
/** Of the heap, in MiB; rows as objects take more. */
const HEAP = 256;
/** Of all, in bytes. */
const MOST = 500e6;

it(`analyzes a file of ${LAYERS} layers in ${MOST / 1e6} MB`, () => {
  const path = join(folder, 'layers.safetensors');
  const entries = Array.from(
    { length: LAYERS },
    (_, i) => `"t${i}":{"dtype":"F32","shape":[2,2],"data_offsets":[${16 * i},${16 * i + 16}]}`,
  );
  const header = Buffer.from(`{${entries.join()}}`);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  const values = Float32Array.from({ length: 4 * LAYERS }, (_, i) => Math.sin(i + 1));
  writeFileSync(path, Buffer.concat([length, header, Buffer.from(values.buffer)]));

  const csv = join(folder, 'layers.csv');
  const peak = join(folder, 'peak');
  const atExit = join(folder, 'atExit.mjs');
  writeFileSync(
    atExit,
    `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS)));`,
  );
  const flags = [`--max-old-space-size=${HEAP}`, '--import', pathToFileURL(atExit).href];
  const { status, stderr } = spawnSync(process.execPath, [...flags, MAIN, 'analyze', path, '--csv', csv], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 2 ** 26,
  });
  expect(stderr.slice(-2000)).not.toMatch(/heap out of memory/);
  expect(status).toBe(0);
  expect(readFileSync(csv).filter((byte) => byte === 10)).toHaveLength(LAYERS + 1);
  expect(1024 * Number(readFileSync(peak, 'utf8'))).toBeLessThan(MOST);
});
