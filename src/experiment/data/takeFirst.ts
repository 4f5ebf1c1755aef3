import { UserError } from '../../base/userError.ts';
import type { DatasetLimits, Split } from './dataset.ts';

/** Returns the first `limit` images of a split (a view, not a copy), or all of them for null. */
export function takeFirst(split: Split, limit: number | null, name: keyof DatasetLimits): Split {
  if (limit === null) return split;
  if (limit > split.count) {
    throw new UserError(`${name} must be at most ${split.count}, got ${limit}`);
  }
  const imageBytes = split.images.length / split.count;
  return {
    images: split.images.subarray(0, limit * imageBytes),
    labels: split.labels.subarray(0, limit),
    count: limit,
  };
}
