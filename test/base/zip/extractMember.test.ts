import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRandomAccess } from '../../../src/base/files/randomAccessFile.ts';
import { extractMember, memberTarget } from '../../../src/base/zip/extractMember.ts';
import { readZip, type ZipMember } from '../../../src/base/zip/zip.ts';
import { diskFullError } from '../../../src/train/engine/install/diskFull.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-zip-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function members(archive: string): ZipMember[] {
  const file = openRandomAccess(archive);
  try {
    const zip = readZip(file);
    return zip.names.map(zip.locate);
  } finally {
    file.close();
  }
}

describe('a zip archive made by another program', () => {
  test('gives back every file, stored and deflated', async () => {
    const archive = join(folder, 'a.zip');
    const files = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,9}(\/[a-zé]{1,9})?$/),
      fc.uint8Array({ maxLength: 3000 }),
      { noNullPrototype: true, maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(files, fc.constantFrom(0, 6), async (contents, level) => {
        writeFileSync(archive, zipSync(contents, { level: level as 0 | 6 }));
        const found = members(archive);
        expect(found.map(({ name }) => name).sort()).toEqual(Object.keys(contents).sort());
        for (const member of found) {
          await extractMember(archive, member, join(folder, 'out'));
          expect(new Uint8Array(readFileSync(join(folder, 'out')))).toEqual(contents[member.name]);
        }
      }),
      { numRuns: 15 },
    );
  });

  const bytes = zipSync({ 'a.txt': new TextEncoder().encode('one two three '.repeat(50)) });

  test('cut off is refused', () => {
    const archive = join(folder, 'cut.zip');
    writeFileSync(archive, bytes.subarray(0, bytes.length - 30));
    expect(() => members(archive)).toThrow(/must be a whole zip archive, got none of its end records/);
  });

  test('with a changed byte is refused by its checksum', async () => {
    const archive = join(folder, 'changed.zip');
    const stored = zipSync({ 'a.txt': new TextEncoder().encode('one two three') }, { level: 0 });
    stored[40]! ^= 4;
    writeFileSync(archive, stored);
    const [member] = members(archive);
    await expect(extractMember(archive, member!, join(folder, 'x'))).rejects.toThrow(
      /a\.txt must have checksum/,
    );
  });

  test('that does not fit on the disk fails with the error of the system', async () => {
    const archive = join(folder, 'full.zip');
    writeFileSync(archive, bytes);
    const [member] = members(archive);
    const error = await extractMember(archive, member!, '/dev/full').catch((reason) => reason);
    expect(error.code).toBe('ENOSPC');
    expect(diskFullError('the engine', String(error))!.message).toBe(
      'the engine must fit on the disk, got: ENOSPC',
    );
  });
});

test('no member is written outside of its folder', () => {
  expect(memberTarget('/cache/engine', 'tensorflow/a.h')).toBe('/cache/engine/tensorflow/a.h');
  expect(() => memberTarget('/cache/engine', 'tensorflow/../../b')).toThrow(/must stay in its folder/);
  expect(() => memberTarget('/cache/engine', '../engine-of-another/b')).toThrow(/must stay in its folder/);
});
