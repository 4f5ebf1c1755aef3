import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, readSync } from 'node:fs';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { openRegular } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';

const GZIP_MAGIC = Buffer.from('1f8b', 'hex');
const XZ_MAGIC = Buffer.from('fd377a585a00', 'hex');

/** Programs that unpack xz to stdout, in the order in which they are tried; Node itself cannot. */
const XZ_PROGRAMS: readonly (readonly [string, ...string[]])[] = [
  ['xz', '--decompress', '--stdout', '--'],
  [
    'python3',
    '-c',
    'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer, 1 << 20)',
  ],
];

/**
 * Returns the contents of a file as a stream, unpacked when they begin as gzip or xz do. The stream fails when the
 * file is cut off or broken; where no program that unpacks xz is there, a UserError names the remedy.
 */
export async function openDecompressed(path: string): Promise<Readable> {
  const start = readStart(path);
  if (start.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) {
    const output = createGunzip();
    pipeline(createReadStream(path), output, () => {
      // A failure destroys the output with it: its reader is told.
    });
    return output;
  }
  return start.equals(XZ_MAGIC) ? openXz(path) : createReadStream(path, { highWaterMark: 1 << 20 });
}

function readStart(path: string): Buffer {
  const start = Buffer.alloc(XZ_MAGIC.length);
  const { fd } = openRegular(path);
  try {
    return start.subarray(0, readSync(fd, start, 0, start.length, 0));
  } finally {
    closeSync(fd);
  }
}

async function openXz(path: string): Promise<Readable> {
  for (const [program, ...args] of XZ_PROGRAMS) {
    const stream = await startXz(program, args, path);
    if (stream !== null) return stream;
  }
  throw new UserError(
    `${path} needs xz or python3 to be unpacked, got neither`,
    'Install xz (apt-get install xz-utils), or unpack the archive elsewhere and give the folder to --from',
  );
}

/** Returns the output of an unpacking program, or null where it is not installed. */
async function startXz(program: string, args: readonly string[], path: string): Promise<Readable | null> {
  const child = spawn(program, [...args, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    await once(child, 'spawn');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint = (complaint + text.toString()).slice(-1000);
  });
  output.once('close', () => child.kill());
  child.stdout.pipe(output, { end: false });
  child.once('close', (code) => {
    if (code === 0) output.end();
    else {
      const lastLine = complaint.trim().split('\n').at(-1) ?? '';
      output.destroy(
        new UserError(`${path} must be a whole xz file, got ${lastLine || `exit code ${code}`}`),
      );
    }
  });
  return output;
}
