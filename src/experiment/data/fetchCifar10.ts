import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DownloadOptions, downloadFile } from './download.ts';
import { importCifar10 } from './importCifar10.ts';
import type { DatasetReport } from './verifyDataset.ts';

/** The official binary archive: size, MD5 (c32a1d4ab5d03f1284b67883e8d87530 on its page) and SHA-256 as distributed. */
export const CIFAR10_ARCHIVE = {
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  bytes: 170_052_171,
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
} as const;

/** Downloads the official archive, or goes on with a download begun before, puts it into `target` and returns what it found. */
export async function fetchCifar10(
  archive: Pick<DownloadOptions, 'url' | 'bytes' | 'sha256'>,
  target: string,
  options: Pick<DownloadOptions, 'onProgress' | 'signal'> & { onFile: (name: string) => void },
): Promise<DatasetReport> {
  const path = join(dirname(target), 'cifar-10-binary.tar.gz');
  await downloadFile({ ...archive, ...options, path });
  const report = await importCifar10(path, target, options.onFile);
  rmSync(path);
  return report;
}
