import { setFlagsFromString } from 'node:v8';

/** No file of a model has as many tensors: what is known of them takes more memory than their values. */
const MANY_TENSORS = 30_000;
let isDense = false;

/**
 * Lets the heap grow by a third at a time from now on, once a file has many tensors. Node.js lets it grow to several times what is held before
 * it collects, which saves time while that is little; hundreds of thousands of tensors and their rows would take a gigabyte. It is told
 * while they are counted: how far the heap may grow is settled at each collection for the time until the next.
 */
export function keepHeapDense(tensors: number): void {
  if (isDense || tensors <= MANY_TENSORS) return;
  isDense = true;
  setFlagsFromString('--heap-growing-percent=30');
}
