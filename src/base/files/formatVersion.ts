import { UserError } from '../userError.ts';

/** What mends it where a file or a folder is of a newer version. */
export const UPDATE_REMEDY = 'Update phasewatch, or choose another folder with --out.';

/** Throws UserError when `found` is `ours` (`phasewatch checkpoint 2`) with a higher number: a file of a newer version. */
export function refuseNewerFormat(path: string, found: string | null, ours: string): void {
  const version = versionOf(found ?? '', nameOf(ours));
  const known = versionOf(ours, nameOf(ours))!;
  if (version === null || version <= known) return;
  throw new UserError(
    `${path} must be of this version of phasewatch (format ${known}), got one of a newer version (format ${version})`,
    UPDATE_REMEDY,
  );
}

const nameOf = (format: string): string => format.replace(/\d.*$/s, '');

function versionOf(format: string, name: string): number | null {
  if (!format.startsWith(name)) return null;
  const number = /^\d+/.exec(format.slice(name.length))?.[0];
  return number === undefined ? null : Number(number);
}
