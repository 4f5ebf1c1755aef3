import { setTimeout as sleep } from 'node:timers/promises';
import { type EventServer, startEventServer } from './eventServer.ts';
import type { PageFeed } from './pageFeed.ts';

export interface ServeOptions {
  /** The first port that is tried. */
  port: number;
  /** Ends the serving, after what came last was told. */
  signal: AbortSignal;
  /** Told the address when the page can be opened. */
  onListening(url: string): void;
  /** How often it is looked for something new, in ms. */
  intervalMs?: number;
}

const INTERVAL_MS = 1000;
/** Rest after work: reading a large sweep and packing its page takes a small part of one core from the training beside it. */
const REST_OVER_WORK = 20;

/** Serves the page of a feed on this machine, and moves it while somebody looks, until the signal. */
export async function servePage(
  feed: PageFeed,
  { port, signal, onListening, intervalMs = INTERVAL_MS }: ServeOptions,
): Promise<void> {
  const server = await startEventServer({
    port,
    answer: (path) => (path === '/' ? { type: 'text/html; charset=utf-8', body: feed.html() } : null),
  });
  try {
    onListening(server.url);
    while (true) {
      const started = performance.now();
      if (server.listeners() > 0) tell(server, feed);
      if (signal.aborted) return;
      const rest = Math.max(intervalMs, REST_OVER_WORK * (performance.now() - started));
      await sleep(rest, undefined, { signal }).catch(() => {});
    }
  } finally {
    await server.close();
  }
}

/** What cannot be told now, where files are being changed or too many are open, is told at the next look. */
function tell(server: EventServer, feed: PageFeed): void {
  try {
    server.send('progress', feed.progress());
    server.send('page', feed.payload());
  } catch (error) {
    server.send('trouble', (error as Error).message);
  }
}
