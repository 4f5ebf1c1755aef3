import type { Layer } from '../../experiment/networks/network.ts';
import { type Output, outputAt } from '../graph/graphBuilder.ts';
import { float32, reshape as reshapeOf, type StepBuilder } from './stepBuilder.ts';
import { type TileSide, transposed, winogradMatrices } from './winogradMatrices.ts';

type Convolution = Extract<Layer, { type: 'conv' }>;

/** A convolution in the graph, without bias and activation. */
export interface ConvolutionOutput {
  value: Output;
  /** Returns the gradients of the kernel and, where it is needed, of the input. */
  backward(gradient: Output, needInput: boolean): { kernel: Output; input: Output | null };
}

/** The sides of tiles that a kernel may take, by its side: those that save most first. */
const TILES: Partial<Record<number, readonly TileSide[]>> = { 3: [6], 5: [9, 6] };

/** A single image gives products too small for what the transforms cost. */
const MIN_BATCH = 2;

/** Fewer channels leave little to multiply between the transforms. */
const MIN_CHANNELS = 64;

/** Images that are transformed at a time: their tiles then stay in the cache. */
const GROUP = 16;

/**
 * Tells whether a step convolves by `addWinograd`: float32, kernels of 3 or 5 at stride 1, outputs that whole tiles cover,
 * and enough channels and images to gain by it.
 */
export function usesWinograd(
  { batch, precision, convolution }: StepBuilder,
  layer: Convolution,
  inputShape: readonly number[],
): boolean {
  return (
    convolution === 'winograd' &&
    precision === 'float32' &&
    batch >= MIN_BATCH &&
    layer.stride === 1 &&
    Math.min(inputShape[2]!, layer.filters) >= MIN_CHANNELS &&
    tileSide(layer, inputShape) !== null
  );
}

/** Returns the side of the tiles whose outputs cover those of the layer, null where there is none. */
function tileSide(layer: Convolution, [height, width]: readonly number[]): TileSide | null {
  const covers = (tile: TileSide): boolean =>
    [height!, width!].every((side) => outputSide(side, layer) % (tile - layer.kernel + 1) === 0);
  return TILES[layer.kernel]?.find(covers) ?? null;
}

/**
 * Adds a convolution that multiplies in the transformed domain (Lavin and Gray 2016, arXiv:1509.09308): a 5 x 5 kernel takes 81
 * multiplications for 5 x 5 outputs instead of 625, where they cover the image. The gradients are the exact adjoint and share the
 * transforms, so that forward and backward pass are three batches of 81 matrix products. The result differs from a plain convolution
 * by float32 rounding, some 1e-6 of its norm. `usesWinograd` must hold for it.
 */
export function addWinograd(
  step: StepBuilder,
  layer: Convolution,
  input: Output,
  kernel: Output,
  [height, width, channels]: readonly [number, number, number],
): ConvolutionOutput {
  const { graph, batch } = step;
  const { filters, kernel: side } = layer;
  const tile = tileSide(layer, [height, width])!;
  const { G, Bt, At } = winogradMatrices(side, tile);
  const m = tile - side + 1;
  const [outHeight, outWidth] = [outputSide(height, layer), outputSide(width, layer)];
  const [rows, columns] = [outHeight / m, outWidth / m];
  const pad = layer.padding === 'same' ? (side - 1) / 2 : 0;

  const reshape = (value: Output, shape: readonly number[]): Output => reshapeOf(step, value, shape);
  const permute = (value: Output, order: readonly number[]): Output =>
    graph.op('Transpose', [value, graph.constant(order, [order.length], 'int32')], {
      ...float32,
      Tperm: { type: 'int32' },
    });
  const matrix = (values: readonly number[][]): { by: Output; back: Output } => {
    const constant = (of: readonly number[][]): Output =>
      graph.constant(of.flat(), [of.length, of[0]!.length], 'float32');
    return { by: constant(values), back: constant(transposed(values)) };
  };
  const multiply = (a: Output, b: Output): Output =>
    graph.op('MatMul', [a, b], { ...float32, transpose_a: { bool: false }, transpose_b: { bool: false } });
  const multiplyEach = (a: Output, b: Output, transposeA = false, transposeB = false): Output =>
    graph.op('BatchMatMulV2', [a, b], {
      ...float32,
      adj_x: { bool: transposeA },
      adj_y: { bool: transposeB },
    });

  const down = matrix(tileTransform(Bt, height, rows, m, pad));
  const across = matrix(tileTransform(Bt, width, columns, m, pad));
  const g = matrix(G);
  const a = matrix(At);

  /** [height, width, images, channels] to [tile x tile, tiles of all images, channels]. */
  const transformInput = (value: Output, images: number): Output => {
    const folded = multiply(down.by, reshape(value, [height, width * images * channels]));
    const tiles = multiplyEach(across.by, reshape(folded, [tile * rows, width, images * channels]));
    const swapped = permute(reshape(tiles, [tile, rows, tile, columns * images * channels]), [0, 2, 1, 3]);
    return reshape(swapped, [tile * tile, rows * columns * images, channels]);
  };
  const transformInputBack = (value: Output, images: number): Output => {
    const swapped = permute(reshape(value, [tile, tile, rows, columns * images * channels]), [0, 2, 1, 3]);
    const folded = multiplyEach(
      across.back,
      reshape(swapped, [tile * rows, tile * columns, images * channels]),
    );
    const image = multiply(down.back, reshape(folded, [tile * rows, width * images * channels]));
    return permute(reshape(image, [height, width, images, channels]), [2, 0, 1, 3]);
  };
  const outputOf = (product: Output, images: number): Output => {
    const tiles = rows * columns * images * filters;
    const folded = multiply(a.by, reshape(product, [tile, tile * tiles]));
    const outputs = multiplyEach(a.by, reshape(folded, [m, tile, tiles]));
    const placed = permute(reshape(outputs, [m, m, rows, columns, images, filters]), [4, 2, 0, 3, 1, 5]);
    return reshape(placed, [images, outHeight, outWidth, filters]);
  };
  const outputBack = (gradient: Output, images: number): Output => {
    const tiles = rows * columns * images * filters;
    const tiled = permute(reshape(gradient, [images, rows, m, columns, m, filters]), [2, 4, 1, 3, 0, 5]);
    const folded = multiplyEach(a.back, reshape(tiled, [m, m, tiles]));
    const product = multiply(a.back, reshape(folded, [m, tile * tiles]));
    return reshape(product, [tile * tile, rows * columns * images, filters]);
  };

  const foldedKernel = multiplyEach(g.by, reshape(kernel, [side, side, channels * filters]));
  const transformedKernel = reshape(
    multiply(g.by, reshape(foldedKernel, [side, tile * channels * filters])),
    [tile * tile, channels, filters],
  );
  const groups = groupSizes(batch);
  const images = split(step, permute(input, [1, 2, 0, 3]), groups, 2);
  const transformed = images.map((part, i) => transformInput(part, groups[i]!));
  const outputs = transformed.map((tiles, i) => outputOf(multiplyEach(tiles, transformedKernel), groups[i]!));

  return {
    value: join(step, outputs),
    backward(gradient, needInput) {
      const products = split(step, gradient, groups, 0).map((part, i) => outputBack(part, groups[i]!));
      const kernels = products.map((product, i) => multiplyEach(transformed[i]!, product, true));
      const sum =
        kernels.length === 1
          ? kernels[0]!
          : graph.op('AddN', kernels, { N: { int: kernels.length }, ...float32 });
      const folded = multiply(g.back, reshape(sum, [tile, tile * channels * filters]));
      const kernelGradient = multiplyEach(g.back, reshape(folded, [side, tile, channels * filters]));
      const inputs = products.map((product, i) =>
        needInput
          ? transformInputBack(multiplyEach(product, transformedKernel, false, true), groups[i]!)
          : null,
      );
      return {
        kernel: reshape(kernelGradient, [side, side, channels, filters]),
        input: needInput ? join(step, inputs as Output[]) : null,
      };
    },
  };
}

function outputSide(side: number, { kernel, padding }: Convolution): number {
  return padding === 'same' ? side : side - kernel + 1;
}

/**
 * Returns the matrix (tile tiles) x side that takes the values along one side of the image to its transformed tiles: row
 * i * tiles + t is row i of Bt at tile t. Zeros around the image are left out.
 */
function tileTransform(
  Bt: readonly number[][],
  side: number,
  tiles: number,
  step: number,
  pad: number,
): number[][] {
  return Bt.flatMap((row) =>
    Array.from({ length: tiles }, (_, t) =>
      Array.from({ length: side }, (__, position) => row[position - (step * t - pad)] ?? 0),
    ),
  );
}

function groupSizes(batch: number): number[] {
  const count = Math.ceil(batch / GROUP);
  return Array.from(
    { length: count },
    (_, i) => Math.floor(((i + 1) * batch) / count) - Math.floor((i * batch) / count),
  );
}

function split({ graph }: StepBuilder, value: Output, sizes: readonly number[], axis: number): Output[] {
  if (sizes.length === 1) return [value];
  const node = graph.op(
    'SplitV',
    [value, graph.constant(sizes, [sizes.length], 'int32'), graph.scalar(axis, 'int32')],
    { ...float32, Tlen: { type: 'int32' }, num_split: { int: sizes.length } },
  );
  return sizes.map((_, i) => outputAt(node, i));
}

function join({ graph }: StepBuilder, parts: readonly Output[]): Output {
  if (parts.length === 1) return parts[0]!;
  return graph.op('ConcatV2', [...parts, graph.scalar(0, 'int32')], {
    ...float32,
    N: { int: parts.length },
    Tidx: { type: 'int32' },
  });
}
