import { UserError } from '../../base/userError.ts';
import { isNumberDtype } from './floatBytes.ts';
import type { StoredTensor } from './weightsFile.ts';

const NONE: readonly string[] = [];

/** Returns a tensor of which the file says nothing but name, shape and element type, with what more is known of it. */
export function storedTensor(
  known: Pick<StoredTensor, 'name' | 'shape' | 'dtype' | 'read'> & Partial<StoredTensor>,
): StoredTensor {
  // written out: a spread would give each of a million tensors twice the memory
  return {
    name: known.name,
    shape: known.shape,
    dtype: known.dtype,
    use: known.use ?? null,
    convLayout: known.convLayout ?? null,
    dequantized: known.dequantized ?? false,
    rounding: known.rounding ?? null,
    unread: known.unread ?? null,
    notes: known.notes ?? NONE,
    read: known.read,
  };
}

/** Returns a tensor whose values cannot be had, with the reason in words for its owner. */
export function unreadTensor(
  known: Pick<StoredTensor, 'name' | 'shape' | 'dtype'> & { unread: string },
): StoredTensor {
  return storedTensor({
    ...known,
    read: () => {
      throw new UserError(`tensor ${known.name} must have values that are read, got: ${known.unread}`);
    },
  });
}

/** Whether the values of a tensor can be had: only then can it be a part of another. */
export const isReadable = ({ unread, dequantized, dtype }: StoredTensor): boolean =>
  unread === null && (dequantized || isNumberDtype(dtype));
