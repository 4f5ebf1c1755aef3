import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../../base/userError.ts';

/** What a path of the server answers with. */
export interface Answer {
  type: string;
  body: string | Uint8Array;
  headers?: Readonly<Record<string, string>>;
}

export interface EventServerOptions {
  /** The first port that is tried; the next where it is taken; 0: any that is free. */
  port: number;
  /** Returns what stands at a path, or null where nothing does; where it throws, the error is what the browser gets. */
  answer(path: string): Answer | null;
}

export interface EventServer {
  url: string;
  /** Sends an event to every browser that listens, and as its last of this name to those that come later. */
  send(event: string, data: unknown): void;
  /** Returns how many browsers listen. */
  listeners(): number;
  /** Ends all connections. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
/** Where server-sent events come from. */
export const EVENTS_PATH = '/events';
/** Ports that are tried after the first. */
const MORE_PORTS = 50;
/** A name that another site has pointed here would let its pages read what is served. Tunnels come with other ports, so any will do. */
const OWN_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
const RECONNECT_MS = 2000;
/** Proxies and sleeping laptops drop what is silent. */
const HEARTBEAT_MS = 15_000;
/** A browser that has not taken so much is let go; it comes back by itself and gets what is true then. */
const MOST_UNREAD_BYTES = 32 << 20;

const COMMON_HEADERS = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};
const EVENT_HEADERS = { ...COMMON_HEADERS, 'Content-Type': 'text/event-stream; charset=utf-8' };

/**
 * Returns a server on the loopback address that answers GET with what `answer` has, and at /events sends server-sent events. It takes
 * nothing in, and refuses requests whose Host is another than this machine. Throws UserError where no port is free.
 */
export async function startEventServer({ port, answer }: EventServerOptions): Promise<EventServer> {
  const listeners = new Set<ServerResponse>();
  const last = new Map<string, string>();
  const server = createServer((request, response) => {
    const refusal = refusalOf(request);
    if (refusal !== null) {
      refuse(response, ...refusal);
      return;
    }
    const path = request.url!.replace(/[?#].*/s, '');
    if (path === EVENTS_PATH) {
      if (request.method === 'HEAD') response.writeHead(200, EVENT_HEADERS).end();
      else listen(response, listeners, last);
      return;
    }
    let found: Answer | null;
    try {
      found = answer(path);
    } catch (error) {
      refuse(response, 503, (error as Error).message);
      return;
    }
    if (found === null) {
      refuse(response, 404, 'nothing here');
      return;
    }
    response.writeHead(200, { ...COMMON_HEADERS, ...found.headers, 'Content-Type': found.type });
    response.end(request.method === 'HEAD' ? undefined : found.body);
  });
  await listenOnFreePort(server, port);
  const heartbeat = setInterval(() => {
    for (const response of listeners) response.write(': \n\n');
  }, HEARTBEAT_MS);
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/`,
    send: (event, data) => {
      const message = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
      if (last.get(event) === message) return;
      last.set(event, message);
      for (const response of listeners) {
        if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
        else response.write(message);
      }
    },
    listeners: () => listeners.size,
    close: async () => {
      clearInterval(heartbeat);
      for (const response of listeners) response.end();
      const closed = new Promise((resolve) => server.close(resolve));
      // What was written is on its way; connections that a browser keeps open for later are not waited for.
      setImmediate(() => server.closeIdleConnections());
      setTimeout(() => server.closeAllConnections(), 200).unref();
      await closed;
    },
  };
}

/** Returns status and reason of a refusal; null for what is answered. */
function refusalOf({ method, headers, url }: IncomingMessage): [number, string] | null {
  if (headers.host === undefined || !OWN_HOST.test(headers.host)) {
    return [421, `Host must be localhost or ${LOOPBACK}`];
  }
  if (method !== 'GET' && method !== 'HEAD') return [405, 'this page is read only'];
  return url?.startsWith('/') === true ? null : [400, 'a path must begin with /'];
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  const allow = status === 405 ? { Allow: 'GET, HEAD' } : {};
  response.writeHead(status, { ...COMMON_HEADERS, ...allow, 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${reason}\n`);
}

function listen(
  response: ServerResponse,
  listeners: Set<ServerResponse>,
  last: ReadonlyMap<string, string>,
): void {
  response.writeHead(200, EVENT_HEADERS);
  response.write(`retry: ${RECONNECT_MS}\n\n${[...last.values()].join('')}`);
  listeners.add(response);
  response.on('close', () => listeners.delete(response));
}

async function listenOnFreePort(server: Server, first: number): Promise<void> {
  const end = first === 0 ? 0 : Math.min(first + MORE_PORTS, 65535);
  for (let port = first; port <= end; port++) {
    if (await listensOn(server, port)) return;
  }
  throw new UserError(`--port must have a free port behind it, got ${first}: ${first} to ${end} are taken`);
}

/** False where the port is another's. */
function listensOn(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve(true);
    };
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen(port, LOOPBACK);
  });
}
