import type { SkippedTensor, StoredTensor } from '../tensors/weightsFile.ts';

/** The tensors of a file by name, in order, while those that belong together are joined. */
export class TensorSet {
  readonly skipped: SkippedTensor[] = [];
  private readonly byName: Map<string, StoredTensor>;

  constructor(tensors: readonly StoredTensor[]) {
    this.byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  get size(): number {
    return this.byName.size;
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
