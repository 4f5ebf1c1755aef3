import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
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
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/userError.ts';
import { CIFAR_FILES, FILE_RECORDS, RECORD_BYTES } from '../../../src/experiment/data/cifar10Records.ts';
import { extractMembers } from '../../../src/experiment/data/extractMembers.ts';
import { importCifar10 } from '../../../src/experiment/data/importCifar10.ts';

const folder = mkdtempSync(join(tmpdir(), 'import-'));
afterAll(() => rmSync(folder, { recursive: true }));
const ignore = (): void => {};
const hasXz = spawnSync('xz', ['--version']).status === 0;

async function tarOf(members: readonly [string, Uint8Array][]): Promise<Buffer> {
  const archive = pack();
  for (const [name, data] of members) archive.entry({ name }, Buffer.from(data));
  archive.finalize();
  return buffer(archive);
}

describe('extractMembers', () => {
  const sizes = new Map([
    ['a.bin', 700],
    ['b.bin', 3],
  ]);
  const a = Buffer.alloc(700, 'a');
  const b = Buffer.from('bbb');
  const archive = join(folder, 'archive');
  const out = join(folder, 'out');
  const extract = async (bytes: Uint8Array): Promise<void> => {
    writeFileSync(archive, bytes);
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
    await extractMembers(archive, sizes, out, ignore);
  };
  let tar: Buffer;
  beforeAll(async () => {
    tar = await tarOf([
      ['dir/readme.html', Buffer.from('no')],
      ['dir/a.bin', a],
      ['dir/b.bin', b],
    ]);
  });

  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
  ])('reads a %s tar and takes what is wanted', async (_, packed) => {
    await extract(packed(tar));
    expect(readdirSync(out).sort()).toEqual(['a.bin', 'b.bin']);
    expect(readFileSync(join(out, 'a.bin'))).toEqual(a);
  });

  it.skipIf(!hasXz)('reads an xz tar, refuses a cut-off one', async () => {
    const packed = spawnSync('xz', ['-0', '-c'], { input: tar }).stdout;
    await extract(packed);
    expect(readFileSync(join(out, 'b.bin'))).toEqual(b);
    await expect(extract(packed.subarray(0, packed.length - 20))).rejects.toThrow(
      /must be a whole xz file, got .*end/,
    );
  });

  it.skipIf(!hasXz)('falls back to python3 for xz, else names the remedy', async () => {
    writeFileSync(archive, spawnSync('xz', ['-0', '-c'], { input: tar }).stdout);
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const oldPath = process.env.PATH;
    try {
      process.env.PATH = bin;
      const error = await extractMembers(archive, sizes, out, ignore).catch((thrown: unknown) => thrown);
      expect((error as UserError).message).toMatch(/needs xz or python3 to be unpacked, got neither/);
      expect((error as UserError).remedy).toMatch(/xz-utils/);
      const python = spawnSync('/bin/sh', ['-c', 'command -v python3'], { env: { PATH: oldPath } });
      if (python.status === 0) {
        writeFileSync(join(bin, 'python3'), `#!/bin/sh\nPATH='${oldPath}' exec python3 "$@"\n`);
        chmodSync(join(bin, 'python3'), 0o755);
        await extractMembers(archive, sizes, out, ignore);
        expect(readFileSync(join(out, 'a.bin'))).toEqual(a);
      }
    } finally {
      process.env.PATH = oldPath;
    }
  });

  it('refuses cut-off archives', async () => {
    const packed = gzipSync(tar);
    await expect(extract(packed.subarray(0, packed.length - 10))).rejects.toThrow(
      /archive must be a whole tar archive .*, got unexpected end of file/,
    );
    await expect(extract(tar.subarray(0, 1600))).rejects.toThrow(/archive must be a whole tar archive/);
    await expect(extract(Buffer.from('x'.repeat(2000)))).rejects.toThrow(
      /archive must be a whole tar archive/,
    );
    await expect(extract(new Uint8Array())).rejects.toThrow('must hold a.bin, b.bin, got none');
  });

  it('refuses members that are missing, doubled, or of another size', async () => {
    await expect(extract(await tarOf([['a.bin', a]]))).rejects.toThrow('archive must hold b.bin, got none');
    await expect(
      extract(
        await tarOf([
          ['a.bin', a],
          ['x/a.bin', a],
        ]),
      ),
    ).rejects.toThrow('must have a.bin once, got it twice');
    await expect(extract(await tarOf([['b.bin', a]]))).rejects.toThrow('b.bin must have 3 bytes, got 700');
  });

  it('writes nothing outside the folder', async () => {
    await extract(
      await tarOf([
        ['../../a.bin', a],
        ['/b.bin', b],
      ]),
    );
    expect(readdirSync(out).sort()).toEqual(['a.bin', 'b.bin']);
  });
});

describe('importCifar10', () => {
  const source = join(folder, 'source');
  const target = join(folder, 'cache', 'cifar10');
  const records = Buffer.alloc(FILE_RECORDS * RECORD_BYTES);
  beforeAll(() => {
    mkdirSync(source);
    for (let i = 0; i < FILE_RECORDS; i++) records[i * RECORD_BYTES] = i % 10;
    writeFileSync(join(source, CIFAR_FILES[0]!), records);
    for (const name of CIFAR_FILES.slice(1)) symlinkSync(join(source, CIFAR_FILES[0]!), join(source, name));
  });

  it('takes a folder whole and clears away what a killed import left', async () => {
    const stale = `${target}.${2 ** 22 + 1}.partial`; // above the greatest process id
    mkdirSync(stale, { recursive: true });
    const report = await importCifar10(source, target, ignore);
    expect(report).toMatchObject({
      trainImages: 50_000,
      testImages: 10_000,
      official: false,
      folder: target,
    });
    expect(readdirSync(join(folder, 'cache'))).toEqual(['cifar10']);
    for (const name of CIFAR_FILES) expect(statSync(join(target, name)).size).toBe(records.length);
  });

  it.each<[string, (changed: Buffer) => Buffer, string]>([
    [
      'a label out of range',
      (changed) => {
        changed[4321 * RECORD_BYTES] = 200;
        return changed;
      },
      `bad/data_batch_1.bin: label of record 4321 at offset ${4321 * RECORD_BYTES} must be in 0..9, got 200`,
    ],
    [
      'an image too many of a class',
      (changed) => {
        changed[4321 * RECORD_BYTES] = 0;
        return changed;
      },
      'class 0 of the train split must have 5000 images, got 5001',
    ],
    [
      'a file that is cut off',
      (changed) => changed.subarray(0, 3073 * 9_999 + 5),
      'record 9999 is cut off or missing',
    ],
  ])('names %s, and keeps the old data set', async (_, change, message) => {
    const bad = join(folder, 'bad');
    rmSync(bad, { recursive: true, force: true });
    mkdirSync(bad);
    for (const name of CIFAR_FILES.slice(1)) symlinkSync(join(source, name), join(bad, name));
    writeFileSync(join(bad, CIFAR_FILES[0]!), change(Buffer.from(records)));
    await expect(importCifar10(bad, target, ignore)).rejects.toThrow(message);
    expect(readdirSync(join(folder, 'cache'))).toEqual(['cifar10']);
    expect(existsSync(join(target, 'test_batch.bin'))).toBe(true);
  });

  it('names what is not there', async () => {
    await expect(importCifar10(join(folder, 'nowhere'), target, ignore)).rejects.toThrow(UserError);
    const python = join(folder, 'python');
    mkdirSync(python);
    writeFileSync(join(python, 'data_batch_1'), '');
    await expect(importCifar10(python, target, ignore)).rejects.toThrow('got the Python version');
  });
});
