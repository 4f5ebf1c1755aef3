import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files/atomicWrite.ts';
import { cacheFolder } from '../src/base/files/cacheFolder.ts';
import { UserError } from '../src/base/userError.ts';
import { runTool } from '../src/train/engine/install/runTool.ts';

/** Python packages of a comparison, in a virtual environment of their own. */
export interface PeerSet {
  name: string;
  /** As pip takes them. pip's own settings hold, so that an index with smaller builds of torch can be named there. */
  packages: readonly string[];
  /** Said before it is made. */
  size: string;
}

export const TRAINING_PEERS: PeerSet = {
  name: 'training',
  packages: ['tensorflow-cpu==2.21.0', 'keras', 'torch', 'numpy'],
  size: 'about 7 GB, most of it the CUDA libraries that torch asks for',
};

/** WeightWatcher's requirements leave powerlaw open; from 2 on it limits alpha to [0, 3]. */
export const SPECTRA_PEERS: PeerSet = {
  name: 'weightwatcher',
  packages: ['weightwatcher==0.7.7', 'powerlaw==1.5'],
  size: 'about 0.6 GB',
};

const TRIALS_OF_PIP = 5;

/** Returns the path of a script in peers/. */
export function peerScript(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
}

/**
 * Returns the Python interpreter of a virtual environment that has the packages; it is made in the user's cache folder when it is not
 * there. Throws UserError when that fails; a half-made environment is never taken for a whole one.
 */
export async function peerPython(set: PeerSet, note: (text: string) => void): Promise<string> {
  const folder = join(cacheFolder(), 'peers', set.name);
  const marker = join(folder, 'phasewatch-peers.txt');
  const python = join(folder, 'bin', 'python');
  const wanted = `${set.packages.join('\n')}\n`;
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return python;

  note(`installing ${set.packages.join(', ')} into ${folder} (${set.size})`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await must('python3', ['-m', 'venv', folder], 'apt install python3-venv');
  const pip = ['-m', 'pip', 'install', '--retries', String(TRIALS_OF_PIP), ...set.packages];
  await must(python, pip, 'leave out --peers, or install the packages by hand to see why');
  writeFileAtomic(marker, wanted);
  return python;
}

async function must(command: string, args: readonly string[], remedy: string): Promise<void> {
  const { code, stdout, stderr } = await runTool(command, args);
  if (code === 0) return;
  const last = `${stdout}\n${stderr}`.trim().split('\n').slice(-3).join('\n');
  throw new UserError(`${command} ${args.join(' ')} must succeed, got exit code ${code}: ${last}`, remedy);
}
