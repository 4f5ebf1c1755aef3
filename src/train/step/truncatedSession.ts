import { elementCount } from '../../base/elementCount.ts';
import type { Split } from '../../experiment/data/dataset.ts';
import { GraphBuilder } from '../graph/graphBuilder.ts';
import { type Feed, GraphSession, type SessionBinding } from '../graph/graphSession.ts';
import { addBatch, addDataTransfer, addIndices, dataFeeds } from './batch.ts';
import { addLoss } from './loss.ts';
import { EVALUATION_BATCH, evaluationBatches } from './sessionCalls.ts';
import { float32, reshape } from './stepBuilder.ts';
import { addStateTransfer, evaluationStep, nodes } from './trainingGraph.ts';
import { addForward, type StepOptions } from './trainingStep.ts';

/** Projectors of a layer, one for each matrix of its kernel (inputs x outputs, at each position of a convolution). */
export interface KernelCut {
  /** W P, or P W. */
  side: 'left' | 'right';
  size: number;
  values: Float32Array;
}

/** Which layers of a network are cut; a way of cutting that the graph has room for. */
export interface Variant {
  name: string;
  layers: readonly string[];
}

export interface TruncatedSessionOptions extends Omit<StepOptions, 'fused' | 'gpu'> {
  split: Split;
  /** The ways in which the layers are cut, and which side the projectors of each layer stand on. */
  variants: readonly Variant[];
  sides: ReadonlyMap<string, Pick<KernelCut, 'side' | 'size'>>;
}

const cutNode = (variant: string, layer: string): string => `cut/${variant}/${layer}`;
const valueNode = (variant: string, layer: string): string => `${cutNode(variant, layer)}/projectors`;
const doneNode = (variant: string): string => `cut_done/${variant}`;
const callNodes = (batch: number) => ({ indices: `cut_${batch}_indices`, correct: `cut_${batch}_correct` });

/**
 * A network evaluated as it is and with layers cut, in one pass over the images: what stands before the first layer that is ever cut is
 * computed once for all variants.
 */
export class TruncatedSession {
  private readonly session: GraphSession;

  constructor(
    binding: SessionBinding,
    private readonly options: TruncatedSessionOptions,
  ) {
    const { split, network, preprocessing, config } = options;
    const fused = binding.fusedOperators !== null && config.compile !== 'xla';
    this.session = new GraphSession(
      binding,
      buildGraph(options, { ...options, fused, gpu: binding.isUsingGpuDevice() }),
    );
    const { feeds, done } = dataFeeds('test', split, network.inputShape, preprocessing);
    this.session.run(feeds, [done]);
  }

  /** Sets the parameters of the network, by name. */
  setParameters(values: ReadonlyMap<string, Float32Array>): void {
    const feeds = Object.fromEntries(
      this.options.network.parameters.map(({ name, shape }): [string, Feed] => {
        const data = values.get(name);
        const size = elementCount(shape);
        if (data?.length !== size) {
          throw new Error(`parameter ${name} must have ${size} values, got ${data?.length ?? 'none'}`);
        }
        return [nodes.stateValue(name), { dtype: 'float32', shape, data }];
      }),
    );
    this.session.run(feeds, [nodes.stateDone]);
  }

  /** Cuts the layers of a variant; every one of its layers must be given, after the parameters. */
  cut(variant: string, cuts: ReadonlyMap<string, KernelCut>): void {
    const { layers } = this.options.variants.find(({ name }) => name === variant)!;
    const feeds = Object.fromEntries(
      layers.map((layer): [string, Feed] => {
        const { size, values } = cuts.get(layer)!;
        const shape = [values.length / size ** 2, size, size];
        return [valueNode(variant, layer), { dtype: 'float32', shape, data: values }];
      }),
    );
    this.session.run(feeds, [doneNode(variant)]);
  }

  /** Returns the share of wrong answers: of the network as it is under the name '', then of every variant. */
  errors(): Map<string, number> {
    const { split, variants } = this.options;
    const names = ['', ...variants.map(({ name }) => name)];
    const correct = new Float64Array(names.length);
    for (let from = 0; from < split.count; from += EVALUATION_BATCH) {
      const count = Math.min(EVALUATION_BATCH, split.count - from);
      const data = Int32Array.from({ length: count }, (_, i) => from + i);
      const [found] = this.session.run(
        { [callNodes(count).indices]: { dtype: 'int32', shape: [count], data } },
        [callNodes(count).correct],
      );
      for (const i of names.keys()) correct[i]! += found![i]!;
    }
    return new Map(names.map((name, i) => [name, (split.count - correct[i]!) / split.count]));
  }

  close(): void {
    this.session.close();
  }
}

function buildGraph({ split, variants, sides }: TruncatedSessionOptions, step: StepOptions): GraphBuilder {
  const { network, preprocessing } = step;
  const graph = new GraphBuilder();
  for (const { name, shape } of network.parameters) graph.variable(name, 'float32', shape);
  addStateTransfer(graph, network.parameters);
  addDataTransfer(graph, 'test', split.count, network.inputShape, preprocessing);
  for (const variant of variants) addCut(graph, step, variant, sides);
  for (const batch of evaluationBatches([split.count])) addCall(graph, step, variants, batch);
  return graph;
}

/** Adds the variables of a variant's kernels, and the nodes that set them to the kernels cut. */
function addCut(
  graph: GraphBuilder,
  options: StepOptions,
  { name: variant, layers }: Variant,
  sides: TruncatedSessionOptions['sides'],
): void {
  const step = evaluationStep(graph, options, 1, nodes.stateRead);
  const assigned = layers.map((layer) => {
    const { shape } = options.network.parameters.find(({ name }) => name === `${layer}/kernel`)!;
    const { side, size } = sides.get(layer)!;
    const [inputs, outputs] = shape.slice(-2) as [number, number];
    const positions = elementCount(shape) / (inputs * outputs);
    const projectors = graph.placeholder(valueNode(variant, layer), 'float32', [positions, size, size]);
    const kernel = reshape(step, nodes.stateRead(`${layer}/kernel`), [positions, inputs, outputs]);
    const factors = side === 'right' ? [kernel, projectors] : [projectors, kernel];
    const product = graph.op('BatchMatMulV2', factors, float32);
    const variable = graph.variable(cutNode(variant, layer), 'float32', shape);
    return graph.op('AssignVariableOp', [variable, reshape(step, product, shape)], {
      dtype: { type: 'float32' },
    });
  });
  graph.op('Identity', [graph.scalar(1)], float32, { name: doneNode(variant), after: assigned });
}

function addCall(
  graph: GraphBuilder,
  options: StepOptions,
  variants: readonly Variant[],
  batch: number,
): void {
  const { network, preprocessing, config, classes } = options;
  const names = callNodes(batch);
  const indices = addIndices(graph, names.indices, [batch], options.fused);
  const { images, labels } = addBatch(graph, 'test', indices, preprocessing, options.fused);
  const cutLayers = new Set(variants.flatMap(({ layers }) => layers));
  const first = network.layers.findIndex(({ name }) => name !== undefined && cutLayers.has(name));
  const whole = evaluationStep(graph, options, batch, nodes.stateRead);
  const { layers: known } = addForward(whole, options, images, { end: first });
  const correct = [{ name: '', layers: [] }, ...variants].map(({ name, layers }: Variant) => {
    const kernels = new Map(layers.map((layer) => [`${layer}/kernel`, cutNode(name, layer)]));
    const step = evaluationStep(graph, options, batch, (parameter) => {
      const variable = kernels.get(parameter);
      if (variable === undefined) return nodes.stateRead(parameter);
      return graph.op('ReadVariableOp', [variable], { dtype: { type: 'float32' } });
    });
    const { logits } = addForward(step, options, images, { known });
    return addLoss(step, config, logits, labels, classes).correct;
  });
  const packed = graph.op('Pack', correct, { ...float32, N: { int: correct.length }, axis: { int: 0 } });
  graph.op('Identity', [packed], float32, { name: names.correct });
}
