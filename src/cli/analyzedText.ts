import { UserError } from '../base/userError.ts';
import type { Analyzed } from './analyzeFiles.ts';

/** One line for what is no layer, or with --verbose a line for each; what could not be analyzed and copies are always told. */
export function skippedLines({ skipped, passedOver }: Analyzed, verbose: boolean): string[] {
  const line = ({ layer, file, reason }: Analyzed['skipped'][number]): string =>
    `skipped ${layer} of ${file}: ${reason}`;
  const none = skipped.filter(({ refused }) => !refused);
  const counted =
    none.length === 0
      ? []
      : [`${none.length} tensors are no layers: ${reasons(none)} (--verbose lists them)`];
  return [
    ...passedOver.map(({ path, reason }) => `passed over ${path}: ${reason}`),
    ...skipped.filter(({ refused }) => refused).map(line),
    ...(verbose ? none.map(line) : counted),
  ];
}

const MAX_REASONS = 4;

/** The most frequent reasons with their numbers. */
function reasons(skipped: Analyzed['skipped']): string {
  const counts = new Map<string, number>();
  // What a reason says of one tensor alone would be a reason for each.
  for (const { reason } of skipped) {
    const kind = reason.replace(/: .*/s, '');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const listed = sorted.slice(0, MAX_REASONS).map(([reason, count]) => `${reason} (${count})`);
  return [...listed, ...(sorted.length > MAX_REASONS ? ['...'] : [])].join('; ');
}

/** The error that says why there is not one layer; `leftOut` are those that are there, but of other kinds or sizes than asked for. */
export function nothingFound(
  { failed, skipped, formats }: Analyzed,
  path: readonly string[],
  leftOut: number,
): UserError {
  const [first] = failed;
  if (first !== undefined && skipped.length === 0 && leftOut === 0) {
    return failed.length === 1
      ? first.error
      : new UserError(
          failed.flatMap(({ error }) => error.lines),
          first.error.remedy,
        );
  }
  const why =
    leftOut > 0
      ? `${leftOut} layers are there, of other types or sizes than --type, --min-evals and --max-evals ask for`
      : skipped.length === 0
        ? 'no tensors, or none that the options ask for'
        : reasons(skipped);
  return new UserError([
    ...failed.flatMap(({ error }) => error.lines),
    `${path.join(', ')} must hold layers to analyze, got none${formats.length === 0 ? '' : ` in ${formats.join(', ')}`}: ${why}`,
  ]);
}
