import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type EventServer, startEventServer } from '../../../src/view/live/eventServer.ts';

const open: EventServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(port = 0): Promise<EventServer> {
  const server = await startEventServer({
    port,
    answer: (path) => (path === '/' ? { type: 'text/html; charset=utf-8', body: '<p>page</p>' } : null),
  });
  open.push(server);
  return server;
}

interface Reply {
  status: number;
  body: string;
  headers: Record<string, unknown>;
}

/** Asks in its own words: `fetch` would not let the Host be chosen. */
function ask(server: EventServer, { path = '/', method = 'GET', host = 'localhost' } = {}): Promise<Reply> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers: { Host: host } }, (response) => {
      let body = '';
      response.on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body, headers: response.headers }));
    })
      .on('error', reject)
      .end();
  });
}

/** Listens as a browser does, and returns what has come. */
async function listener(
  server: EventServer,
): Promise<{ said(): string; until(text: string): Promise<void> }> {
  const response = await fetch(`${server.url}events`);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const reader = response.body!.getReader();
  let said = '';
  return {
    said: () => said,
    until: async (text) => {
      while (!said.includes(text)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`ended before ${text}: ${said}`);
        said += Buffer.from(value).toString('utf8');
      }
    },
  };
}

describe('startEventServer', () => {
  it('is on the loopback address alone, and serves what it is given', async () => {
    const server = await start();
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    const { status, body, headers } = await ask(server);
    expect([status, body]).toEqual([200, '<p>page</p>']);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    for (const path of ['/', '/events']) {
      expect(await ask(server, { method: 'HEAD', path })).toMatchObject({ status: 200, body: '' });
    }
    for (const path of ['/../../etc/passwd', '//', '//evil.example/']) {
      expect((await ask(server, { path })).status).toBe(404);
    }
  });

  it.each(['localhost', 'localhost:9000', '127.0.0.1:80', '[::1]:1234', 'LocalHost'])(
    'answers to Host %s, through a tunnel as well',
    async (host) => {
      expect((await ask(await start(), { host })).status).toBe(200);
    },
  );

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:8000', '192.168.1.7'])(
    'refuses Host %s: a name that is pointed here from outside must not read results',
    async (host) => {
      const server = await start();
      for (const path of ['/', '/events']) {
        const { status, body } = await ask(server, { host, path });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(body).not.toContain('page');
      }
    },
  );

  it('refuses a request without a Host', async () => {
    const { port } = new URL((await start()).url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET / HTTP/1.0\r\n\r\n');
    const [text] = await new Promise<Buffer[]>((resolve) => socket.on('data', (data) => resolve([data])));
    socket.destroy();
    expect(text!.toString()).toMatch(/^HTTP\/1\.1 4/);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('takes no %s', async (method) => {
    const { status, headers } = await ask(await start(), { method });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('sends events to all who listen, each as one line, and the last of each name to those who come later', async () => {
    const server = await start();
    const first = await listener(server);
    server.send('progress', { run: 'b=2', note: 'two\nlines' });
    await first.until('lines');
    expect(first.said()).toContain('event: progress\ndata: {"run":"b=2","note":"two\\nlines"}\n\n');
    server.send('progress', { run: 'b=4' });
    server.send('results', { version: 3 });
    const second = await listener(server);
    await Promise.all([first.until('"version":3'), second.until('"version":3')]);
    expect(second.said()).toContain('retry: ');
    expect(second.said()).not.toContain('b=2');
    // Nothing new is not said again.
    server.send('results', { version: 3 });
    server.send('results', { version: 4 });
    await first.until('"version":4');
    expect(first.said().match(/"version":3/g)).toHaveLength(1);
  });

  it('takes the next port where one is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.on('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const server = await start(port);
    expect(Number(new URL(server.url).port)).toBeGreaterThan(port);
    other.close();
  });

  it('closes though browsers listen', async () => {
    const server = await start();
    const waiting = await listener(server);
    await server.close();
    await expect(waiting.until('never')).rejects.toThrow(/ended before/);
  });
});
