import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { CIFAR_FILES, FILE_RECORDS, RECORD_BYTES } from '../../../src/experiment/data/cifar10Records.ts';
import { fetchDistribution } from '../../../src/experiment/data/distributions.ts';
import { importCifar10 } from '../../../src/experiment/data/importCifar10.ts';

it('fetches over a connection that breaks, and is not taken for whole before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-'));
  const records = Buffer.alloc(FILE_RECORDS * RECORD_BYTES);
  for (let i = 0; i < FILE_RECORDS; i++) records[i * RECORD_BYTES] = i % 10;
  const archive = join(folder, 'official.tar.gz');
  const tar = pack();
  const written = pipeline(tar, createGzip({ level: 1 }), createWriteStream(archive));
  for (const name of CIFAR_FILES) tar.entry({ name: `cifar-10-batches-bin/${name}` }, records);
  tar.finalize();
  await written;
  const bytes = readFileSync(archive);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const fetched = join(folder, 'fetched', 'cifar10');
  const seenWhole: boolean[] = [];
  let calls = 0;
  const server = createServer((request, response) => {
    seenWhole.push(existsSync(fetched));
    const start = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': bytes.length - start,
      'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
    });
    const end = ++calls < 3 ? start + Math.floor(bytes.length / 3) : bytes.length;
    response.write(bytes.subarray(start, end), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const report = await fetchDistribution(
    { downloads: [{ name: 'cifar10.tar.gz', url, bytes: bytes.length, sha256 }], importFrom: importCifar10 },
    fetched,
    { onFile: () => {} },
  );
  server.close();
  expect(report).toMatchObject({ trainImages: 50_000, official: false });
  expect(seenWhole.length).toBeGreaterThanOrEqual(3);
  expect(seenWhole).not.toContain(true);
  expect(readdirSync(join(folder, 'fetched'))).toEqual(['cifar10']);
  rmSync(folder, { recursive: true });
});
