import { basename, dirname, extname } from 'node:path';

/** Words that stand before the number of an epoch, or else of a step, in the order in which they count. */
const PATTERNS = [
  /epochs?[-_=]?(\d+)/i,
  /(?:^|[-_.])ep?[-_=]?(\d+)(?=[-_.]|$)/i,
  /steps?[-_=]?(\d+)/i,
  /(?:^|[-_.])(?:checkpoint|ckpt|cp|iter|iteration|snapshot)s?[-_=]?(\d+)/i,
];

/** Returns the epoch or step that the name of a file says, or failing that the name of its folder; null where neither does. */
export function checkpointEpoch(path: string): number | null {
  for (const name of [basename(path, extname(path)), basename(dirname(path))]) {
    for (const pattern of PATTERNS) {
      const number = Number(pattern.exec(name)?.[1] ?? Number.NaN);
      if (Number.isSafeInteger(number)) return number;
    }
  }
  return null;
}
