import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { UserError } from '../../../src/base/userError.ts';
import { type DownloadOptions, downloadFile } from '../../../src/experiment/data/download.ts';

const BODY = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * i + (i >> 7)) & 255));
const SHA256 = createHash('sha256').update(BODY).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse, call: number) => void;

let folder: string;
let server: Server;
let ranges: (string | undefined)[];
let answer: Answer;
/** Bytes that the client has taken in. */
let received: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'download-'));
  ranges = [];
  received = 0;
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, ranges.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const path = (): string => join(folder, 'x.tar.gz');
const part = (): string => `${path()}.part`;
const download = (changes: Partial<DownloadOptions> = {}): Promise<void> =>
  downloadFile({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`,
    path: path(),
    bytes: BODY.length,
    sha256: SHA256,
    retryDelay: 1,
    onProgress: (bytes) => {
      received = bytes;
    },
    ...changes,
  });

/** Sends the asked range; or `cutAfter` bytes of it, and breaks the connection when they have arrived. */
function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  cutAfter = Number.POSITIVE_INFINITY,
): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? 'bytes=0-')![1]);
  const rest = BODY.subarray(start);
  response.writeHead(request.headers.range === undefined ? 200 : 206, {
    'content-length': rest.length,
    'content-range': `bytes ${start}-${BODY.length - 1}/${BODY.length}`,
  });
  if (cutAfter >= rest.length) {
    response.end(rest);
    return;
  }
  response.write(rest.subarray(0, cutAfter));
  const waiting = setInterval(() => {
    if (received < start + cutAfter) return;
    clearInterval(waiting);
    response.destroy();
  }, 2);
}

const sendWhole: Answer = (request, response) => sendRange(request, response);

it('downloads, with progress, and leaves no part', async () => {
  answer = sendWhole;
  await download();
  expect(readFileSync(path())).toEqual(BODY);
  expect(received).toBe(BODY.length);
  expect(existsSync(part())).toBe(false);
});

it('goes on where the connection was cut', async () => {
  answer = (request, response, call) => sendRange(request, response, call < 4 ? 12_000 : undefined);
  await download();
  expect(readFileSync(path())).toEqual(BODY);
  expect(ranges).toEqual([undefined, 'bytes=12000-', 'bytes=24000-', 'bytes=36000-']);
});

it('goes on with the part of an earlier call', async () => {
  answer = sendWhole;
  writeFileSync(part(), BODY.subarray(0, 30_000));
  await download();
  expect(readFileSync(path())).toEqual(BODY);
  expect(ranges).toEqual(['bytes=30000-']);
});

it('starts over where the server does not know Range', async () => {
  answer = (_, response) => response.end(BODY);
  writeFileSync(part(), Buffer.alloc(30_000, 7));
  await download();
  expect(readFileSync(path())).toEqual(BODY);
});

it('starts over where the server sends another range or refuses it', async () => {
  answer = (request, response, call) => {
    if (call === 1) {
      response.writeHead(206, { 'content-range': `bytes 0-${BODY.length - 1}/${BODY.length}` }).end(BODY);
    } else if (call === 2) response.writeHead(416).end();
    else sendRange(request, response);
  };
  writeFileSync(part(), BODY.subarray(0, 30_000));
  await download();
  expect(readFileSync(path())).toEqual(BODY);
});

it('never takes a broken or foreign file for the whole', async () => {
  answer = (_, response) => response.end(Buffer.alloc(BODY.length, 7));
  await expect(download()).rejects.toThrow(/SHA-256 must be .*, got /);
  expect([existsSync(path()), existsSync(part())]).toEqual([false, false]);
});

it('checks a part that is already as long as the file', async () => {
  answer = (_, response) => response.writeHead(500).end();
  writeFileSync(part(), BODY);
  await download();
  expect(readFileSync(path())).toEqual(BODY);
  expect(ranges).toEqual([]);
});

it('stops at a file that is too long', async () => {
  answer = (_, response) => response.end(Buffer.alloc(BODY.length + 1));
  await expect(download()).rejects.toThrow(`must have ${BODY.length} bytes, got more`);
  expect(existsSync(path())).toBe(false);
});

it('treats a short answer without length as cut', async () => {
  answer = (_, response, call) => {
    response.write(BODY.subarray(0, call < 3 ? 9_000 : undefined));
    response.end();
  };
  await download();
  expect(readFileSync(path())).toEqual(BODY);
});

it('gives up on a server that breaks every connection, keeps the part and says how to go on', async () => {
  answer = (_, response) => response.destroy();
  writeFileSync(part(), BODY.subarray(0, 30_000));
  const error = await download().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).remedy).toMatch(/goes on at byte 30000/);
  expect(readFileSync(part())).toEqual(BODY.subarray(0, 30_000));
  expect(existsSync(path())).toBe(false);
});

it('gives up at once where the file is not there, tries again where the server is busy', async () => {
  answer = (_, response) => response.writeHead(404).end();
  await expect(download()).rejects.toThrow('got HTTP 404');
  expect(ranges.length).toBe(1);
  answer = (request, response, call) => {
    if (call < 4) response.writeHead(503).end();
    else sendRange(request, response);
  };
  await download();
  expect(readFileSync(path())).toEqual(BODY);
});

it('takes a silent connection for cut', async () => {
  answer = (request, response, call) => {
    if (call === 1) response.writeHead(200, { 'content-length': BODY.length }).write(BODY.subarray(0, 100));
    else sendRange(request, response);
  };
  await download({ stallTimeout: 500 });
  expect(readFileSync(path())).toEqual(BODY);
});

it('keeps the part when it is aborted', async () => {
  const controller = new AbortController();
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': BODY.length });
    response.write(BODY.subarray(0, 10_000));
  };
  const aborted = download({ signal: controller.signal, onProgress: () => controller.abort() });
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  expect(existsSync(path())).toBe(false);
  answer = sendWhole;
  await download();
  expect(readFileSync(path())).toEqual(BODY);
});
