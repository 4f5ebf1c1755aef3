import type { Layer } from '../../experiment/networks/network.ts';
import { type Attribute, type Output, outputAt } from '../graph/graphBuilder.ts';
import { hasFusedActivation, type LayerOutput, type StepBuilder } from './stepBuilder.ts';
import { winogradMatrices } from './winogradMatrices.ts';

export type Convolution = Extract<Layer, { type: 'conv' }>;
export type MaxPool = Extract<Layer, { type: 'maxPool' }>;

/** Up to so many filters the operators of engine/ops were measured to be faster at any batch, above up to so few images. */
const FEW_FILTERS = 64;
const FEW_IMAGES = 4;

/** Up to so many channels a convolution by the definition is fast. */
const MOST_DIRECT_CHANNELS = 4;

/** Winograd's tiles in engine/ops, the kernels they are for, and how many channels make up for the transforms. */
const TILE = 9;
const KERNEL = 5;
const LEAST_CHANNELS = 16;

/**
 * Returns how engine/ops convolves in a layer, null where it does not. By the definition only what takes the images, of which nobody
 * asks for the gradient.
 */
export function fusedConvolution(
  step: StepBuilder,
  layer: Convolution,
  [height, width, channels]: readonly number[],
  ofImages: boolean,
): 'winograd' | 'direct' | null {
  const { precision, convolution, batch } = step;
  const fits = layer.filters <= FEW_FILTERS || batch <= FEW_IMAGES;
  const known = layer.stride === 1 && (layer.groups ?? 1) === 1 && hasFusedActivation(layer);
  if (!step.fusedTraining || !step.trains(layer.name) || precision !== 'float32' || !known || !fits)
    return null;
  if (ofImages && channels! <= MOST_DIRECT_CHANNELS) return 'direct';
  const sides = [height!, width!].map((side) =>
    layer.padding === 'same' ? side : side - layer.kernel + 1,
  ) as [number, number];
  const tiles = sides.map((side) => Math.ceil(side / (TILE - KERNEL + 1))) as [number, number];
  const saves = 2 * tiles[0] * tiles[1] * TILE ** 2 <= sides[0] * sides[1] * KERNEL ** 2;
  const wide = Math.min(channels!, layer.filters) >= LEAST_CHANNELS;
  return convolution === 'winograd' && layer.kernel === KERNEL && wide && saves ? 'winograd' : null;
}

/** Adds a convolution and the pooling behind it, if any, by one operator each way; the one back updates the weights. */
export function addFusedConvolution(
  step: StepBuilder,
  { name, activation, padding }: Convolution,
  pool: MaxPool | null,
  how: 'winograd' | 'direct',
  x: Output,
): LayerOutput {
  const attributes = {
    relu: { bool: activation === 'relu' },
    same_padding: { bool: padding === 'same' },
    pool_size: { int: pool?.size ?? 1 },
    pool_stride: { int: pool?.stride ?? 1 },
    same_pooling: { bool: pool?.padding === 'same' },
    ...matrices(how),
  };
  const inputs = [x, step.read(`${name}/kernel`), step.read(`${name}/bias`)];
  const y = step.graph.op('PhasewatchConvolution', inputs, attributes);
  return {
    value: y,
    backward(gradient, _gradients, needInput) {
      const dx = step.trainFused({
        op: 'PhasewatchConvolutionTraining',
        layer: name,
        inputs: [gradient, y, outputAt(y, 1), x],
        attributes: { ...attributes, need_input: { bool: needInput } },
      });
      return needInput ? dx : null;
    },
  };
}

function matrices(how: 'winograd' | 'direct'): Record<string, Attribute> {
  const { G, Bt, At } = how === 'winograd' ? winogradMatrices(KERNEL, TILE) : { G: [], Bt: [], At: [] };
  return {
    winograd: { bool: how === 'winograd' },
    input_matrix: { floats: Bt.flat() },
    kernel_matrix: { floats: G.flat() },
    output_matrix: { floats: At.flat() },
  };
}
