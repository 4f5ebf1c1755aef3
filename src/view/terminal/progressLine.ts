import { oneLine } from '../../base/files/plainText.ts';
import { cut } from './table.ts';

/** What tells on stderr how far a command is. */
export interface ProgressLine {
  /**
   * Shows the text: rewritten in place on a terminal, now and then as a plain line elsewhere. `block` gives more lines for a
   * terminal of this width and height. Both are asked only when something is shown.
   */
  update(text: string | (() => string), block?: (width: number, height: number) => readonly string[]): void;
  /** Prints a line that stays. */
  log(text: string): void;
  /** Takes what is rewritten away. */
  clear(): void;
}

export interface ProgressStream {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
  write(text: string): unknown;
}

const REWRITE_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 15_000;
const ERASE_LINE = '\r\u001b[2K';
const ERASE_LINE_ABOVE = '\u001b[1A\u001b[2K';

/** Returns a progress line on `stream`; a quiet one shows nothing. `now` gives milliseconds. */
export function createProgressLine(
  stream: ProgressStream,
  { quiet = false, now = () => performance.now() }: { quiet?: boolean; now?: () => number } = {},
): ProgressLine {
  const live = stream.isTTY === true;
  const interval = live ? REWRITE_INTERVAL_MS : PLAIN_INTERVAL_MS;
  let last: number | null = null;
  let shown: readonly string[] = [];
  if (quiet) return { update: () => {}, log: () => {}, clear: () => {} };

  const erase = (): string =>
    shown.length === 0 ? ERASE_LINE : ERASE_LINE + ERASE_LINE_ABOVE.repeat(shown.length - 1);
  return {
    update: (text, block) => {
      const time = now();
      if (last !== null && time - last < interval) return;
      last = time;
      const textOf = (): string => (typeof text === 'string' ? text : text());
      if (!live) {
        stream.write(`${oneLine(textOf())}\n`);
        return;
      }
      // One column is left free: a full line would wrap on some terminals and then not be rewritten.
      const width = (stream.columns ?? 80) - 1;
      const lines = block?.(width, stream.rows ?? 24) ?? [textOf()];
      const drawn = erase();
      shown = lines.map((line) => cut(oneLine(line), width));
      stream.write(drawn + shown.join('\n'));
    },
    log: (text) => {
      const line = oneLine(text);
      if (!live || shown.length === 0) stream.write(`${line}\n`);
      else stream.write(`${erase()}${line}\n${shown.join('\n')}`);
    },
    clear: () => {
      if (live && shown.length > 0) stream.write(erase());
      shown = [];
    },
  };
}
