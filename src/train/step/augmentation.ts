import type { RunConfig } from '../../experiment/config/schema.ts';
import type { Output } from '../graph/graphBuilder.ts';
import { float32, reshape, type StepBuilder } from './stepBuilder.ts';

/**
 * Returns the images of a step, each mirrored or not and shifted by whole pixels, as its own random numbers of the step say: mirrored
 * where the number for flips is below 1/2, shifted by floor((2 shift + 1) u) - shift rows and columns. What is shifted in is 0: black
 * of plain images, the mean of standardized ones.
 */
export function addAugmentation(
  step: StepBuilder,
  augment: RunConfig['augment'],
  images: Output,
  inputShape: readonly number[],
): Output {
  if (augment === null) return images;
  const { graph, batch } = step;
  let seen = images;
  if (augment.flip) {
    const mirrored = graph.op('ReverseV2', [seen, graph.constant([2], [1], 'int32')], {
      ...float32,
      Tidx: { type: 'int32' },
    });
    const uniform = step.randomUniform('augment/flip', [batch, 1, 1, 1]);
    const isFlipped = graph.op('Less', [uniform, graph.scalar(0.5)], float32);
    seen = graph.op('SelectV2', [isFlipped, mirrored, seen], float32);
  }
  if (augment.shift > 0) seen = shifted(step, augment.shift, seen, inputShape);
  return seen;
}

function shifted(step: StepBuilder, shift: number, images: Output, inputShape: readonly number[]): Output {
  const { graph, batch } = step;
  const border = [shift, shift];
  const padded = graph.op(
    'Pad',
    [images, graph.constant([0, 0, ...border, ...border, 0, 0], [4, 2], 'int32')],
    { ...float32, Tpaddings: { type: 'int32' } },
  );
  const [height, width] = inputShape as [number, number];
  const rows = gathered(step, padded, 1, places(step, 'augment/rows', shift, height));
  const transposed = graph.op('Transpose', [rows, graph.constant([0, 2, 1, 3], [4], 'int32')], {
    ...float32,
    Tperm: { type: 'int32' },
  });
  const columns = gathered(step, transposed, 1, places(step, 'augment/columns', shift, width));
  const back = graph.op('Transpose', [columns, graph.constant([0, 2, 1, 3], [4], 'int32')], {
    ...float32,
    Tperm: { type: 'int32' },
  });
  return reshape(step, back, [batch, ...inputShape]);
}

/** Returns, image by image, the rows (or columns) of the padded image that are seen: as many as it had, from a random one on. */
function places(step: StepBuilder, purpose: string, shift: number, size: number): Output {
  const { graph, batch } = step;
  const uniform = step.randomUniform(purpose, [batch, 1]);
  const first = graph.op(
    'Cast',
    [graph.op('Floor', [graph.op('Mul', [uniform, graph.scalar(2 * shift + 1)], float32)], float32)],
    { SrcT: { type: 'float32' }, DstT: { type: 'int32' } },
  );
  const steps = graph.constant(
    Array.from({ length: size }, (_, i) => i),
    [1, size],
    'int32',
  );
  return graph.op('AddV2', [first, steps], { T: { type: 'int32' } });
}

function gathered({ graph }: StepBuilder, values: Output, axis: number, indices: Output): Output {
  return graph.op('GatherV2', [values, indices, graph.scalar(axis, 'int32')], {
    Tparams: { type: 'float32' },
    Tindices: { type: 'int32' },
    Taxis: { type: 'int32' },
    batch_dims: { int: 1 },
  });
}
