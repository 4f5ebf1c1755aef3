import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Download, fetchDistribution } from '../../../src/experiment/data/distributions.ts';
import { copyFiles } from '../../../src/experiment/data/importCifar10.ts';
import { putWhole } from '../../../src/experiment/data/wholeFolder.ts';

const FILES: Record<string, Buffer> = {
  'a.gz': Buffer.from('the first file'),
  'b.gz': Buffer.from('and the second'),
};
const downloads = Object.entries(FILES).map(([name, bytes]): Download => {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, url: 'http://127.0.0.1:9/', bytes: bytes.length, sha256 };
});
const importFrom = (from: string, target: string) =>
  putWhole(from, target, async (_, stage) => {
    copyFiles(from, Object.keys(FILES), stage, () => {});
    const report = {
      name: 'fashionMnist',
      folder: stage,
      trainImages: 1,
      testImages: 1,
      official: true,
    } as const;
    return { ...report, checksum: '', files: [] };
  });

let folder: string;
let server: Server;
let asked: string[];
let broken: string | null;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fetch-'));
  asked = [];
  broken = null;
  server = createServer((request, response) => {
    const name = request.url!.split('/').at(-1)!;
    asked.push(request.url!);
    if (name === broken) response.writeHead(404).end();
    else response.end(FILES[name]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

it('fetches the files of a data set from another copy, and after a failure only those that are missing', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mirror/`;
  const target = join(folder, 'fashion');
  const fetched = () => fetchDistribution({ downloads, importFrom }, target, { url, onFile: () => {} });
  broken = 'b.gz';
  await expect(fetched()).rejects.toThrow('/mirror/b.gz must be there, got HTTP 404');
  expect(existsSync(target)).toBe(false);
  broken = null;
  expect(await fetched()).toMatchObject({ folder: target });
  expect(asked).toEqual(['/mirror/a.gz', '/mirror/b.gz', '/mirror/b.gz']);
  expect(readdirSync(target).sort()).toEqual(['a.gz', 'b.gz']);
  expect(readdirSync(folder)).toEqual(['fashion']);
});
