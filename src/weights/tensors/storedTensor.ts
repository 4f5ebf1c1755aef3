import { UserError } from '../../base/userError.ts';
import { isNumberDtype } from './floatBytes.ts';
import type { StoredTensor } from './weightsFile.ts';

/** Returns a tensor of which the file says nothing but name, shape and element type, with what more is known of it. */
export function storedTensor(
  known: Pick<StoredTensor, 'name' | 'shape' | 'dtype' | 'read'> & Partial<StoredTensor>,
): StoredTensor {
  return {
    use: null,
    convLayout: null,
    dequantized: false,
    rounding: null,
    unread: null,
    notes: [],
    ...known,
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
