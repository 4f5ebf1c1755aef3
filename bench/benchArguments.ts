import { UserError } from '../src/base/userError.ts';
import { fixed, NO_VALUE } from '../src/view/terminal/numberText.ts';

/** The options of `npm run bench`, as typed. */
export interface BenchArguments {
  networks?: string | undefined;
  batch?: string | undefined;
  cells?: string | undefined;
  rounds?: string | undefined;
  seconds?: string | undefined;
  peers?: boolean | undefined;
  json?: boolean | undefined;
}

/** Returns a share in per cent. */
export function percent(share: number | null, digits: number): string {
  return share === null ? NO_VALUE : `${fixed(100 * share, digits)} %`;
}

/** Returns the parsed words of a comma-separated option; none at all is a UserError. */
export function listOption<T>(option: string, text: string, parse: (word: string) => T): T[] {
  const words = text.split(',').filter((word) => word !== '');
  if (words.length === 0) throw new UserError(`${option} must name at least one, got "${text}"`);
  return words.map(parse);
}

/** Returns the value of an option that must be a positive number; anything else is a UserError. */
export function positiveOption(option: string, text: string, whole: boolean): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e6 && (!whole || Number.isInteger(value)))) {
    throw new UserError(`${option} must be a positive ${whole ? 'whole ' : ''}number, got ${text}`);
  }
  return value;
}
