import type { SkippedTensor, StoredTensor } from '../tensors/weightsFile.ts';
import { type AdapterScale, addAdapterProducts } from './adapters.ts';
import { joinReparametrized } from './reparametrized.ts';
import { scaleQuantized } from './scaleQuantized.ts';
import { joinAxes } from './severalAxes.ts';
import { TensorSet } from './tensorSet.ts';

/**
 * Returns the tensors with those joined that are one weight together: values and scales, the parts of a reparametrization, the factors of an
 * adapter, whose product comes beside them; the heads of attention.
 */
export function putTogether(
  tensors: readonly StoredTensor[],
  adapterScale: AdapterScale,
): { tensors: StoredTensor[]; skipped: SkippedTensor[] } {
  const set = new TensorSet(tensors);
  // Names that are there twice would hide one another.
  if (set.size < tensors.length) return { tensors: [...tensors], skipped: [] };
  joinAxes(set);
  scaleQuantized(set);
  joinReparametrized(set);
  addAdapterProducts(set, adapterScale);
  return { tensors: set.tensors, skipped: set.skipped };
}
