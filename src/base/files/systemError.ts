const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission is missing',
  EBUSY: 'it is in use',
  EDQUOT: 'the quota of the disk is used up',
  EEXIST: 'something else has its name',
  EIO: 'the device reports an error',
  EISDIR: 'it is a folder',
  ELOOP: 'symbolic links lead in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'a name in it, or all of it, is too long',
  ENFILE: 'too many files are open on this machine',
  ENOENT: 'there is no such file or folder',
  ENOMEM: 'memory does not suffice',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of the path is a file',
  ENOTEMPTY: 'there is something in it',
  EPERM: 'the system does not permit it',
  EROFS: 'the file system is read-only',
};
/** What a command is not to blame for: the same one may succeed later. */
const CIRCUMSTANCES = ['EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC'];
const DONE: Readonly<Record<string, string>> = {
  mkdir: 'made',
  mkdtemp: 'made',
  open: 'opened',
  read: 'read',
  rename: 'put in place',
  rm: 'removed',
  rmdir: 'removed',
  scandir: 'listed',
  unlink: 'removed',
  write: 'written',
  fsync: 'written',
  link: 'made',
};
const LONGEST_PATH = 200;
/** What typed arrays, buffers and strings throw where the memory, or what they may be at most, does not suffice. */
const NO_MEMORY =
  /array buffer allocation failed|invalid (typed |array )?(array |buffer )?length|invalid string length/i;
const NO_MEMORY_CODES = ['ERR_STRING_TOO_LONG', 'ERR_MEMORY_ALLOCATION_FAILED', 'ERR_FS_FILE_TOO_LARGE'];

/**
 * Returns what the operating system refused as one sentence, and whether the circumstances (a full disk) rather than the user's words are
 * to blame; null for an error of another kind.
 */
export function systemFailure(error: unknown): { text: string; circumstances: boolean } | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  if (
    NO_MEMORY_CODES.includes(code ?? '') ||
    (error instanceof RangeError && NO_MEMORY.test(error.message))
  ) {
    return { text: `memory must suffice, got: ${error.message}`, circumstances: true };
  }
  if (code === undefined || syscall === undefined || !/^E[A-Z0-9]+$/.test(code)) return null;
  const subject = dest ?? path ?? 'a file';
  const shown = subject.length > LONGEST_PATH ? `${subject.slice(0, LONGEST_PATH)}…` : subject;
  const reason = REASONS[code] ?? error.message;
  return {
    text: `${shown} could not be ${DONE[syscall] ?? `used (${syscall})`}: ${reason} (${code})`,
    circumstances: CIRCUMSTANCES.includes(code),
  };
}
