import type { RunConfig } from '../experiment/config/schema.ts';
import type { Dataset } from '../experiment/data/dataset.ts';
import { loadDataset } from '../experiment/data/loadDataset.ts';
import { randomizeLabels } from '../experiment/data/randomLabels.ts';
import { validationSplit } from '../experiment/data/validationSplit.ts';
import type { TrainingData } from '../train/trainRun.ts';

/** Data sets of a sweep, each read once. */
export class Datasets {
  private readonly loaded = new Map<string, Dataset>();

  get({ dataset, trainImages, testImages }: RunConfig): Dataset {
    const key = JSON.stringify([dataset, trainImages, testImages]);
    let found = this.loaded.get(key);
    if (found === undefined) {
      found = loadDataset(dataset, { trainImages, testImages });
      this.loaded.set(key, found);
    }
    return found;
  }
}

/** Returns the images of a run, labels randomized where its config asks for it. */
export function trainingData(dataset: Dataset, config: RunConfig): TrainingData {
  const labels = trainingLabels(dataset, config);
  return {
    inputShape: dataset.shape,
    classes: dataset.classes,
    preprocessing: dataset.preprocessing,
    train: { ...dataset.train, labels },
    test: dataset.test,
  };
}

/** Returns the labels of the training images, randomized where the config asks for it; those that are held out keep theirs. */
function trainingLabels({ train, classes }: Dataset, config: RunConfig) {
  const { randomLabels, seed } = config;
  if (randomLabels === 0) return train.labels;
  const { trained } = validationSplit(train.count, config);
  const randomized = randomizeLabels(
    Uint8Array.from(trained, (index) => train.labels[index]!),
    classes,
    randomLabels,
    seed,
  );
  const labels = Uint8Array.from(train.labels);
  trained.forEach((index, place) => {
    labels[index] = randomized[place]!;
  });
  return labels;
}
