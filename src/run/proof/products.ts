import { GraphBuilder } from '../../train/graph/graphBuilder.ts';
import { GraphSession, type SessionBinding } from '../../train/graph/graphSession.ts';

const SIDE = 512;
const IMAGE = 16;
const CHANNELS = 64;
const KERNEL = 3;

/** TensorFloat-32 keeps 11 significant bits and makes 1 of it; float32 has it exactly, and its sums below too. */
const ENTRY = 1 + 2 ** -12;

/** What the products are where float32 is float32, and where inputs are rounded to TensorFloat-32. */
export const EXPECTED = {
  matrix: { float32: SIDE * ENTRY, tensorFloat32: SIDE },
  convolution: { float32: KERNEL ** 2 * CHANNELS * ENTRY, tensorFloat32: KERNEL ** 2 * CHANNELS },
} as const;

/** Returns one entry of a product of matrices, and one of a convolution, of inputs that are all 1 + 2^-12 and weights that are all 1. */
export function measureProducts(binding: SessionBinding): { matrix: number; convolution: number } {
  const graph = new GraphBuilder();
  const float32 = { T: { type: 'float32' } } as const;
  const square = [SIDE, SIDE];
  const image = [1, IMAGE, IMAGE, CHANNELS];
  const kernel = [KERNEL, KERNEL, CHANNELS, CHANNELS];
  // fed rather than constants, which TensorFlow would multiply on the host before the first step
  const shapes = { a: square, b: square, image, kernel };
  for (const [name, shape] of Object.entries(shapes)) graph.placeholder(name, 'float32', shape);
  graph.op(
    'MatMul',
    ['a', 'b'],
    { ...float32, transpose_a: { bool: false }, transpose_b: { bool: false } },
    { name: 'matrix' },
  );
  graph.op(
    'Conv2D',
    ['image', 'kernel'],
    { ...float32, strides: { ints: [1, 1, 1, 1] }, padding: { string: 'SAME' } },
    { name: 'convolution' },
  );
  const session = new GraphSession(binding, graph);
  const filled = (shape: readonly number[], value: number) => ({
    dtype: 'float32' as const,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)).fill(value),
  });
  try {
    const [matrix, convolution] = session.run(
      {
        a: filled(square, ENTRY),
        b: filled(square, 1),
        image: filled(image, ENTRY),
        kernel: filled(kernel, 1),
      },
      ['matrix', 'convolution'],
    );
    const middle = ((IMAGE / 2) * IMAGE + IMAGE / 2) * CHANNELS;
    return { matrix: matrix![0]!, convolution: convolution![middle]! };
  } finally {
    session.close();
  }
}
