import { closeSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inflate } from 'fflate';
import { descriptorFile, type RandomAccessFile } from '../files/randomAccessFile.ts';
import { UserError } from '../userError.ts';

/** Packed bytes taken at a time: unpacked they are at most 16 MB. */
const PIECE_BYTES = 1 << 14;

/**
 * Returns the deflated bytes of a section unpacked in a temporary file, which has no name and so is gone when it is closed or the process
 * ends. They must give `size` bytes, for which there must be room.
 */
export function unpackToDisk(section: RandomAccessFile, size: number): RandomAccessFile {
  const folder = tmpdir();
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < size) {
    throw new UserError(
      `${section.path} must find room in ${folder}, where it unpacks to ${size} bytes, got ${bavail * bsize} free`,
      'TMPDIR names another folder',
    );
  }
  const path = join(folder, `phasewatch-${process.pid}-${performance.now()}.tmp`);
  const fd = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    inflateTo(fd, section, size);
    return descriptorFile(fd, section.path, size);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function inflateTo(fd: number, section: RandomAccessFile, size: number): void {
  let written = 0;
  const inflate = new Inflate((bytes) => {
    if (written + bytes.length > size) throw wrongSize(section, size, 'more');
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
    written += bytes.length;
  });
  for (let at = 0; at < section.size; at += PIECE_BYTES) {
    const piece = section.read(at, Math.min(PIECE_BYTES, section.size - at), 'packed data');
    try {
      inflate.push(piece, at + piece.length === section.size);
    } catch (error) {
      // fflate throws plain errors with a number; those of the file system tell the rest themselves.
      if (error instanceof UserError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
      throw wrongSize(section, size, (error as Error).message);
    }
  }
  if (written !== size) throw wrongSize(section, size, String(written));
}

const wrongSize = (section: RandomAccessFile, size: number, got: string): UserError =>
  new UserError(`${section.path} must unpack to ${size} bytes, got ${got}`);
