import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ExtractEvents, extract } from 'tar-stream';
import { UserError } from '../../base/userError.ts';
import { openDecompressed } from './decompress.ts';

/**
 * Writes the members of a tar archive (plain, gzip or xz) whose file names are in `sizes` to `folder`, whatever folder of the archive
 * they are in. Each must be there once and have as many bytes as `sizes` says; a UserError names the archive and the member.
 */
export async function extractMembers(
  archive: string,
  sizes: ReadonlyMap<string, number>,
  folder: string,
  onMember: (name: string) => void,
): Promise<void> {
  const found = new Set<string>();
  const takeMember = async (entry: ExtractEvents['entry'][1]): Promise<void> => {
    const name = basename(entry.header.name);
    const expected = sizes.get(name);
    if (expected === undefined || entry.header.type !== 'file') {
      for await (const _ of entry) {
        // A member that is not wanted is read past.
      }
      return;
    }
    if (found.has(name)) throw new UserError(`${archive} must have ${name} once, got it twice`);
    if (entry.header.size !== expected) {
      throw new UserError(`${archive}: ${name} must have ${expected} bytes, got ${entry.header.size}`);
    }
    found.add(name);
    onMember(name);
    await pipeline(entry, createWriteStream(join(folder, name), { flush: true }));
  };
  try {
    await pipeline(await openDecompressed(archive), async (source: AsyncIterable<Buffer>) => {
      const tar = extract();
      const feeding = pipeline(source, tar);
      // The failure of the consumer below is the one to report; this one follows from it.
      feeding.catch(() => {});
      for await (const entry of tar) await takeMember(entry);
      await feeding;
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${archive} must be a whole tar archive (plain, gzip or xz), got ${(error as Error).message}`,
    );
  }
  const missing = [...sizes.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) throw new UserError(`${archive} must hold ${missing.join(', ')}, got none`);
}
