import { UserError } from '../../base/userError.ts';
import { DATASETS, type DatasetFacts, isNamed } from './datasets.ts';
import { ownFacts } from './ownFiles.ts';
import { heldOutCount } from './validationSplit.ts';

/** Returns what is known of a data set, by name or path, before its images are read; a UserError where the files of a path are not there. */
export function datasetFacts(dataset: string): DatasetFacts {
  return isNamed(dataset) ? DATASETS[dataset] : ownFacts(dataset);
}

/** Returns the same, null where the files are not there or not what they must be: of results that have left their data behind. */
export function knownFacts(dataset: string): DatasetFacts | null {
  try {
    return datasetFacts(dataset);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** How a config splits the images of its data set. */
interface SplitChoice {
  dataset: string;
  trainImages: number | null;
  /** Share of the training images that is held out. */
  validation: number;
}

/** Returns how many images a run trains on, and how many of the training images it holds out; null where the files are not there. */
export function splitSizes({ dataset, trainImages, validation }: SplitChoice): {
  trained: number;
  heldOut: number;
} | null {
  const images = trainImages ?? knownFacts(dataset)?.trainImages ?? null;
  if (images === null) return null;
  const heldOut = heldOutCount(images, validation);
  return { trained: images - heldOut, heldOut };
}
