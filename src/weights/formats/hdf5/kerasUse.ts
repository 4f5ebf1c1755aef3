import type { TensorUse } from '../../tensors/weightsFile.ts';

/** Returns what the class of a layer, as the name of a group, says of one of its variables. */
export function useIn(group: string, name: string, shape: readonly number[]): TensorUse | null {
  const isFirst = /(vars\/0|kernel(:0)?|embeddings(:0)?)$/.test(name);
  if (group === 'embedding') return shape.length === 2 ? 'embedding' : null;
  const isDepthwise =
    group.startsWith('depthwise') ||
    (group.startsWith('separable') && /(vars\/0|depthwise_kernel(:0)?)$/.test(name));
  if (isDepthwise && shape.length > 2) return 'depthwise';
  if (/^(lstm|gru|simple_rnn)(_cell)?$/.test(group))
    return isRecurrentBias(name, shape) ? 'bias' : 'recurrent';
  if (/^((layer|batch|group|rms|unit)_)?normalization$/.test(group)) return 'normalization';
  // Its own kernel is that of the layer in it.
  if (group === 'spectral_normalization') return name.includes('/layer/') ? null : 'derived';
  if (group === 'p_re_lu') return 'scale';
  if (group === 'einsum_dense' && !isFirst && shape.length > 1) return /1$/.test(name) ? 'bias' : null;
  return /^(einsum_)?dense$/.test(group) && isFirst && shape.length === 2 ? 'matrix' : null;
}

/** Biases of a GRU that resets after the product have two rows. */
const isRecurrentBias = (name: string, shape: readonly number[]): boolean =>
  shape.length === 2 && shape[0] === 2 && /(vars\/2|bias(:0)?)$/.test(name);
