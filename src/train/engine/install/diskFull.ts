import { UserError } from '../../../base/userError.ts';

/** What the system, pip and npm say when a disk or a quota is full. */
const DISK_FULL = /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded|Errno (?:28|122)\b/i;

/** Returns the error to throw when `said`, the words of a tool or of the system, tells of a full disk; null when it does not. */
export function diskFullError(what: string, said: string): UserError | null {
  const full = DISK_FULL.exec(said)?.[0];
  if (full === undefined) return null;
  return new UserError(
    `${what} must fit on the disk, got: ${full}`,
    'free some space, or choose another disk: export PHASEWATCH_CACHE=DIR',
  );
}
