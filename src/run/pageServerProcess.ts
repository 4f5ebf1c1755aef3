import { SideProcess } from './sideProcess.ts';

/** What the process that serves the page tells the one that started it. */
export interface FromPageServer {
  url: string;
}

/** On a busy machine the last page, of all that was analyzed at the end, takes its time at its low priority. */
const LAST_PAGE_MS = 15_000;

/**
 * Starts the process that serves the page of `run --watch`: this one trains, and would answer between two steps. `onMessage` hears the
 * address when the page can be opened, or why it cannot. When it is stopped it tells first what came last.
 */
export function startPageServer(
  dir: string,
  program: string,
  onMessage: (message: string) => void,
): SideProcess<FromPageServer> {
  const words = [process.execPath, ...process.execArgv, program, 'watch', dir, '--quiet'];
  return new SideProcess<FromPageServer>(words, {
    patience: LAST_PAGE_MS,
    onMessage: ({ url }) => onMessage(`watch it at ${url}`),
    onEnd: (how, lastWords) => {
      if (!(how instanceof Error) && how !== 0 && lastWords !== '') {
        onMessage(`the page cannot be watched: ${lastWords}`);
      }
    },
  });
}
