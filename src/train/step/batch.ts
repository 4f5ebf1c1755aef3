import type { Split } from '../../experiment/data/dataset.ts';
import type { Preprocessing } from '../../experiment/data/datasets.ts';
import type { GraphBuilder, Output } from '../graph/graphBuilder.ts';
import type { Feed } from '../graph/graphSession.ts';
import { standardization } from './standardization.ts';
import { float32 } from './stepBuilder.ts';

export type SplitName = 'train' | 'test';

/** The variables that hold a split, each fed once through a placeholder `<name>_value`. */
function splitVariables(split: SplitName, preprocessing: Preprocessing) {
  const bytes = { images: `${split}_images`, labels: `${split}_labels` };
  return preprocessing === 'unitScale'
    ? bytes
    : { ...bytes, scale: `${split}_scale`, offset: `${split}_offset` };
}

const doneNode = (split: SplitName): string => `${split}_data_done`;

/** Adds the variables of a split of `count` images and the node that takes them in. */
export function addDataTransfer(
  graph: GraphBuilder,
  split: SplitName,
  count: number,
  inputShape: readonly number[],
  preprocessing: Preprocessing,
): void {
  const assigned = Object.entries(splitVariables(split, preprocessing)).map(([kind, name]) => {
    const dtype = kind === 'images' || kind === 'labels' ? 'uint8' : 'float32';
    const shape = kind === 'labels' ? [count] : kind === 'images' ? [count, ...inputShape] : [count, 1, 1, 1];
    const variable = graph.variable(name, dtype, shape);
    const value = graph.placeholder(`${name}_value`, dtype, shape);
    return graph.op('AssignVariableOp', [variable, value], { dtype: { type: dtype } });
  });
  graph.op('Identity', [graph.scalar(1)], float32, { name: doneNode(split), after: assigned });
}

/** Returns what a session is fed to take a split in, and the node to fetch. */
export function dataFeeds(
  split: SplitName,
  data: Split,
  inputShape: readonly number[],
  preprocessing: Preprocessing,
): { feeds: Record<string, Feed>; done: string } {
  const { images, labels, count } = data;
  const feeds: Record<string, Feed> = {
    [`${split}_images_value`]: { dtype: 'uint8', shape: [count, ...inputShape], data: images },
    [`${split}_labels_value`]: { dtype: 'uint8', shape: [count], data: labels },
  };
  if (preprocessing === 'perImageStandardization') {
    const { scale, offset } = standardization(images, count);
    feeds[`${split}_scale_value`] = { dtype: 'float32', shape: [count, 1, 1, 1], data: scale };
    feeds[`${split}_offset_value`] = { dtype: 'float32', shape: [count, 1, 1, 1], data: offset };
  }
  return { feeds, done: doneNode(split) };
}

/** Returns the type of labels and indices: the fused operators take int32, which TensorFlow keeps in host memory on a GPU. */
export function integerType(fused: boolean): 'int32' | 'int64' {
  return fused ? 'int32' : 'int64';
}

/** Adds the placeholder (int32) for indices of images and returns them as `addBatch` takes them. */
export function addIndices(
  graph: GraphBuilder,
  name: string,
  shape: readonly number[],
  fused: boolean,
): Output {
  const given = graph.placeholder(name, 'int32', shape);
  const type = integerType(fused);
  if (type === 'int32') return given;
  return graph.typed(graph.op('Cast', [given], { SrcT: { type: 'int32' }, DstT: { type } }), type);
}

/**
 * Returns the images (float32, preprocessed) and labels (integerType) of a batch given by indices into a split; `fused` as in
 * StepBuilder. The values are the same either way, but for the last bit of standardized ones.
 */
export function addBatch(
  graph: GraphBuilder,
  split: SplitName,
  indices: Output,
  preprocessing: Preprocessing,
  fused: boolean,
): { images: Output; labels: Output } {
  const integers = integerType(fused);
  const gather = (variable: string, dtype: 'uint8' | 'float32'): Output =>
    graph.op('ResourceGather', [variable, indices], {
      dtype: { type: dtype },
      Tindices: { type: integers },
    });
  const cast = (bytes: Output, to: 'float32' | 'int32' | 'int64'): Output =>
    graph.op('Cast', [bytes], { SrcT: { type: 'uint8' }, DstT: { type: to } });
  const labels = cast(gather(`${split}_labels`, 'uint8'), integers);
  if (fused) {
    const read = (variable: string, dtype: 'uint8' | 'float32'): Output =>
      graph.op('ReadVariableOp', [variable], { dtype: { type: dtype } });
    const scaled = preprocessing === 'perImageStandardization';
    const scales = scaled ? [`${split}_scale`, `${split}_offset`].map((name) => read(name, 'float32')) : [];
    const images = graph.op('PhasewatchImages', [read(`${split}_images`, 'uint8'), indices, ...scales], {
      scale_count: { int: scaled ? 1 : 0 },
      divisor: { float: scaled ? 0 : 255 },
    });
    return { images, labels };
  }
  const x = cast(gather(`${split}_images`, 'uint8'), 'float32');
  if (preprocessing === 'unitScale') {
    return { images: graph.op('RealDiv', [x, graph.scalar(255)], float32), labels };
  }
  const scaled = graph.op('Mul', [x, gather(`${split}_scale`, 'float32')], float32);
  return { images: graph.op('Sub', [scaled, gather(`${split}_offset`, 'float32')], float32), labels };
}
