import { type AdapterScale, addAdapterProducts } from './adapters.ts';
import { joinReparametrized } from './reparametrized.ts';
import { scaleQuantized } from './scaleQuantized.ts';
import type { SkippedTensor, StoredTensor } from './weightsFile.ts';

/** The tensors of a file by name, in order, while those that belong together are joined. */
export class TensorSet {
  readonly skipped: SkippedTensor[] = [];
  private readonly byName: Map<string, StoredTensor>;

  constructor(tensors: readonly StoredTensor[]) {
    this.byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  get names(): string[] {
    return [...this.byName.keys()];
  }

  get tensors(): StoredTensor[] {
    return [...this.byName.values()];
  }

  get(name: string): StoredTensor | undefined {
    return this.byName.get(name);
  }

  /** Puts a tensor in the place of the one of this name, under its own name, or at the end. */
  put(name: string, tensor: StoredTensor): void {
    this.byName.set(name, tensor);
  }

  /** Takes a tensor that is only a part of another out of the set. */
  drop(name: string, reason: string): void {
    if (this.byName.delete(name)) this.skipped.push({ name, reason });
  }
}

/**
 * Returns the tensors with those joined that are one weight together: values and scales, the parts of a reparametrization, the factors of an
 * adapter, whose product comes beside them.
 */
export function putTogether(
  tensors: readonly StoredTensor[],
  adapterScale: AdapterScale,
): { tensors: StoredTensor[]; skipped: SkippedTensor[] } {
  // Names that are there twice would hide one another.
  if (new Set(tensors.map(({ name }) => name)).size < tensors.length)
    return { tensors: [...tensors], skipped: [] };
  const set = new TensorSet(tensors);
  scaleQuantized(set);
  joinReparametrized(set);
  addAdapterProducts(set, adapterScale);
  return { tensors: set.tensors, skipped: set.skipped };
}
