import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../base/files/cacheFolder.ts';
import { fileSha256 } from '../../base/files/checksums.ts';
import { UserError } from '../../base/userError.ts';
import type { Dataset, DatasetLimits } from './dataset.ts';
import { loadOwn } from './ownFiles.ts';

/** The four files as their makers distribute them, gzipped IDX. */
export const FASHION_FILES = [
  {
    name: 'train-images-idx3-ubyte.gz',
    bytes: 26_421_880,
    sha256: '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
  },
  {
    name: 'train-labels-idx1-ubyte.gz',
    bytes: 29_515,
    sha256: 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
  },
  {
    name: 't10k-images-idx3-ubyte.gz',
    bytes: 4_422_102,
    sha256: '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
  },
  {
    name: 't10k-labels-idx1-ubyte.gz',
    bytes: 5148,
    sha256: '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
  },
] as const;

/** Returns the folder in the cache where `data fetch` and `data import` put Fashion-MNIST. */
export const fashionMnistFolder = (): string => join(cacheFolder(), 'data', 'fashionMnist');

/** Returns Fashion-MNIST from the four files in `folder`, after checking their SHA-256. */
export function loadFashionMnist(folder: string, limits: DatasetLimits): Dataset {
  for (const { name, sha256 } of FASHION_FILES) {
    const path = join(folder, name);
    if (!existsSync(path)) {
      throw new UserError(
        `fashionMnist must lie in ${folder}, got no ${name}`,
        'phasewatch data fetch fashionMnist, or phasewatch data import fashionMnist --from FOLDER',
      );
    }
    const digest = fileSha256(path);
    if (digest !== sha256) {
      throw new UserError(
        `${path}: SHA-256 must be ${sha256}, got ${digest}`,
        'a data set of your own goes by its path',
      );
    }
  }
  return { ...loadOwn(folder, limits), name: 'fashionMnist' };
}
