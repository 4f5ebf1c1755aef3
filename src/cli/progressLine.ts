import { cut } from './table.ts';

/** One line on stderr that tells how far a command is. */
export interface ProgressLine {
  /** Shows the text: rewritten in place on a terminal, now and then as a plain line elsewhere. */
  update(text: string): void;
  /** Prints a line that stays. */
  log(text: string): void;
  /** Takes the line away. */
  clear(): void;
}

export interface ProgressStream {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

const REWRITE_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 15_000;
const ERASE_LINE = '\r\u001b[2K';

/** Returns a progress line on `stream`; a quiet one shows nothing. `now` gives milliseconds. */
export function createProgressLine(
  stream: ProgressStream,
  { quiet = false, now = () => performance.now() }: { quiet?: boolean; now?: () => number } = {},
): ProgressLine {
  const live = stream.isTTY === true;
  const interval = live ? REWRITE_INTERVAL_MS : PLAIN_INTERVAL_MS;
  let last: number | null = null;
  let shown = '';
  if (quiet) return { update: () => {}, log: () => {}, clear: () => {} };

  const clear = (): void => {
    if (live && shown !== '') stream.write(ERASE_LINE);
    shown = '';
  };
  return {
    update: (text) => {
      const time = now();
      if (last !== null && time - last < interval) return;
      last = time;
      if (!live) {
        stream.write(`${text}\n`);
        return;
      }
      // One column is left free: a full line would wrap on some terminals and then not be rewritten.
      shown = cut(text, (stream.columns ?? 80) - 1);
      stream.write(ERASE_LINE + shown);
    },
    log: (text) => {
      const line = shown;
      clear();
      stream.write(`${text}\n`);
      if (live && line !== '') {
        stream.write(line);
        shown = line;
      }
    },
    clear,
  };
}
