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
      throw new TypeError(`tensor ${known.name} has values that are not read: ${known.unread}`);
    },
  });
}
