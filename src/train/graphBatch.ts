import type { GraphBuilder, Output } from '../graph/graphBuilder.ts';
import { float32 } from './stepBuilder.ts';

/** How images become numbers, inside the graph: bytes/255, then per image (x - mean)/max(sd, 1/sqrt(pixels)) where asked for. */
export type Preprocessing = 'unitScale' | 'perImageStandardization';

/** Returns the images (float32, preprocessed) and labels (int32) of a batch given by indices into a split. */
export function addBatch(
  graph: GraphBuilder,
  split: 'train' | 'test',
  indices: Output,
  preprocessing: Preprocessing,
): { images: Output; labels: Output } {
  const gather = (variable: string, to: 'float32' | 'int32'): Output => {
    const bytes = graph.op('ResourceGather', [variable, indices], {
      dtype: { type: 'uint8' },
      Tindices: { type: 'int32' },
    });
    return graph.op('Cast', [bytes], { SrcT: { type: 'uint8' }, DstT: { type: to } });
  };
  const labels = gather(`${split}_labels`, 'int32');
  const unit = graph.op('RealDiv', [gather(`${split}_images`, 'float32'), graph.scalar(255)], float32);
  if (preprocessing === 'unitScale') return { images: unit, labels };
  const imageMean = (value: Output): Output =>
    graph.op('Mean', [value, graph.constant([1, 2, 3], [3], 'int32')], {
      ...float32,
      Tidx: { type: 'int32' },
      keep_dims: { bool: true },
    });
  const centred = graph.op('Sub', [unit, imageMean(unit)], float32);
  const variance = imageMean(graph.op('Square', [centred], float32));
  const deviation = graph.op('Sqrt', [variance], float32);
  return {
    images: graph.op('RealDiv', [centred, addDeviationFloor(graph, deviation, unit)], float32),
    labels,
  };
}

/** max(sd, 1/sqrt(pixels)): what tf.image.per_image_standardization divides by, so that a flat image stays finite. */
function addDeviationFloor(graph: GraphBuilder, deviation: Output, images: Output): Output {
  const type = { out_type: { type: 'int32' }, T: { type: 'float32' } } as const;
  const dims = graph.op('Shape', [images], type);
  const perImage = graph.op(
    'Prod',
    [
      graph.op('Slice', [dims, graph.constant([1], [1], 'int32'), graph.constant([3], [1], 'int32')], {
        T: { type: 'int32' },
        Index: { type: 'int32' },
      }),
      graph.scalar(0, 'int32'),
    ],
    { T: { type: 'int32' }, Tidx: { type: 'int32' }, keep_dims: { bool: false } },
  );
  const pixels = graph.op('Cast', [perImage], { SrcT: { type: 'int32' }, DstT: { type: 'float32' } });
  return graph.op('Maximum', [deviation, graph.op('Rsqrt', [pixels], float32)], float32);
}
