import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../base/userError.ts';
import { cifar10Folder } from './cifar10.ts';
import { CIFAR_FILES } from './cifar10Records.ts';
import { CIFAR100_ARCHIVE, CIFAR100_FILES, cifar100Folder } from './cifar100.ts';
import type { DatasetName } from './datasets.ts';
import { type DownloadOptions, downloadFile } from './download.ts';
import { extractMembers } from './extractMembers.ts';
import { FASHION_FILES, fashionMnistFolder } from './fashionMnist.ts';
import { copyFiles, importCifar10 } from './importCifar10.ts';
import { type DatasetReport, verifyCifar10, verifyCifar100, verifyFashionMnist } from './verifyDataset.ts';
import { putWhole } from './wholeFolder.ts';

export type OnFile = (name: string) => void;

/** A file to download; `url` is that of the file itself. */
export type Download = Pick<DownloadOptions, 'url' | 'bytes' | 'sha256'> & { name: string };

/** A data set that is no part of the installation: where its files come from, where they go, and what they must be. */
export interface Distribution {
  /** Where it lies in the cache. */
  folder(): string;
  /** The files that lie there. */
  files: readonly string[];
  /** What `data import` takes. */
  accepts: string;
  downloads: readonly Download[];
  /** Puts it into `target` from a folder or an archive and returns what it found; `target` never holds a part. */
  importFrom(from: string, target: string, onFile: OnFile): Promise<DatasetReport>;
  verify(folder: string): DatasetReport;
}

const CIFAR10_ARCHIVE: Download = {
  name: 'cifar-10-binary.tar.gz',
  // Its page has the MD5 c32a1d4ab5d03f1284b67883e8d87530.
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  bytes: 170_052_171,
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
};
/** Of the makers of Fashion-MNIST. */
const FASHION_URL = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/';

export const DISTRIBUTIONS: Readonly<Record<Exclude<DatasetName, 'mnist'>, Distribution>> = {
  fashionMnist: {
    folder: fashionMnistFolder,
    files: FASHION_FILES.map(({ name }) => name),
    accepts: 'folder with the four gzipped IDX files',
    downloads: FASHION_FILES.map((file) => ({ ...file, url: FASHION_URL + file.name })),
    importFrom: (from, target, onFile) =>
      putWhole(from, target, async ({ isFolder }, stage) => {
        if (!isFolder) throw new UserError(`--from must be a folder for fashionMnist, got the file ${from}`);
        copyFiles(
          from,
          FASHION_FILES.map(({ name }) => name),
          stage,
          onFile,
        );
        return verifyFashionMnist(stage);
      }),
    verify: verifyFashionMnist,
  },
  cifar10: {
    folder: cifar10Folder,
    files: CIFAR_FILES,
    accepts: 'folder with the six .bin files, or an archive of them: .tar, .tar.gz, .tar.xz',
    downloads: [CIFAR10_ARCHIVE],
    importFrom: importCifar10,
    verify: verifyCifar10,
  },
  cifar100: {
    folder: cifar100Folder,
    files: CIFAR100_FILES.map(({ name }) => name),
    accepts: 'folder with train.bin and test.bin, or an archive of them: .tar, .tar.gz, .tar.xz',
    downloads: [{ name: 'cifar-100-binary.tar.gz', ...CIFAR100_ARCHIVE }],
    importFrom: (from, target, onFile) =>
      putWhole(from, target, async ({ isFolder }, stage) => {
        const sizes = new Map(CIFAR100_FILES.map(({ name, bytes }) => [name as string, bytes]));
        if (!isFolder) await extractMembers(from, sizes, stage, onFile);
        else {
          const inner = join(from, 'cifar-100-binary');
          copyFiles(existsSync(inner) ? inner : from, [...sizes.keys()], stage, onFile);
        }
        return verifyCifar100(stage);
      }),
    verify: verifyCifar100,
  },
};

/**
 * Downloads what a data set is made of, or goes on with downloads begun before, puts it into its folder and returns what it found there.
 * `url` names another copy: of the archive, or of the folder that the files are in.
 */
export async function fetchDistribution(
  { downloads, importFrom }: Pick<Distribution, 'downloads' | 'importFrom'>,
  target: string,
  options: Pick<DownloadOptions, 'signal'> & {
    url?: string | undefined;
    onProgress?: (bytes: number, file: Download) => void;
    onFile: OnFile;
  },
): Promise<DatasetReport> {
  const { url, onProgress, onFile, ...rest } = options;
  const [only] = downloads;
  const archive = downloads.length === 1;
  const stage = archive ? dirname(target) : `${target}.files`;
  for (const file of downloads) {
    const path = join(stage, file.name);
    if (existsSync(path)) continue; // appears only when it is whole
    const from = url === undefined ? file.url : archive ? url : `${url.replace(/\/$/, '')}/${file.name}`;
    await downloadFile({
      ...file,
      ...rest,
      url: from,
      path,
      onProgress: (bytes) => onProgress?.(bytes, file),
    });
  }
  const source = archive ? join(stage, only!.name) : stage;
  const report = await importFrom(source, target, onFile);
  rmSync(source, { recursive: true });
  return report;
}
