import { elementCount } from '../../base/elementCount.ts';
import { UserError } from '../../base/userError.ts';
import type { CustomNetworkConfig } from '../config/networkSchema.ts';
import type { RunConfig } from '../config/schema.ts';
import { leNet5 } from './leNet5.ts';
import { miniAlexNet, miniAlexNetBatchNorm } from './miniAlexNet.ts';
import { mlp3 } from './mlp3.ts';
import type { Layer, LayerPlace, Network, NetworkDeclaration, Parameter } from './network.ts';

const declarations: Record<Extract<RunConfig['network'], string>, NetworkDeclaration> = {
  lenet5: leNet5,
  miniAlexNet,
  miniAlexNetBatchNorm,
  mlp3,
};

/**
 * Returns the network of a config for images of `inputShape` (height, width, channels), every shape and parameter worked out.
 * Throws a UserError that names the layer where the shapes do not fit, a name occurs twice, or the output is not `classes` wide.
 */
export function resolveNetwork(
  config: RunConfig['network'],
  inputShape: readonly number[],
  classes: number,
): Network {
  const declaration = declarationOf(config);
  const shapes: LayerPlace[] = [];
  const parameters: Parameter[] = [];
  const names = new Map<string, number>();
  declaration.layers.forEach((layer, index) => {
    const subject = layerText(layer, index);
    const sources = sourcesOf(layer, index, names);
    const [input, other] = sources.map((source) => (source < 0 ? inputShape : shapes[source]!.output));
    if (other !== undefined && show(other) !== show(input!)) {
      throw new UserError(`inputs of ${subject} must have one shape, got ${show(input!)} and ${show(other)}`);
    }
    if (layer.name !== undefined) {
      if (names.has(layer.name)) throw new UserError(`layer names must be unique, got ${layer.name} twice`);
      checkName(layer.name, names);
      names.set(layer.name, index);
    }
    const output = outputShape(layer, input!, subject);
    for (const parameter of layerParameters(layer, input!)) parameters.push(parameter);
    shapes.push({ input: input!, output, sources });
  });
  checkUsed(declaration.layers, shapes);
  const output = shapes.at(-1)!.output;
  if (output.length !== 1 || output[0] !== classes) {
    throw new UserError(
      `the last layer must give ${classes} outputs, one a class, got shape ${show(output)}`,
    );
  }
  checkLogits(declaration.layers, shapes);
  for (const name of declaration.analyzedLayers) {
    if (!parameters.some((parameter) => parameter.kind === 'kernel' && parameter.layer === name)) {
      throw new UserError(`unknown analyzed layer: ${name} (known: ${kernelLayers(parameters).join(', ')})`);
    }
  }
  return { ...declaration, inputShape, shapes, parameters };
}

/** Returns the layers of the network of a config, whatever images it is for. */
export function networkLayers(config: RunConfig['network']): readonly Layer[] {
  return declarationOf(config).layers;
}

function declarationOf(config: RunConfig['network']): NetworkDeclaration {
  return typeof config === 'string' ? declarations[config] : fromConfig(config);
}

function layerText(layer: Layer, index: number): string {
  return layer.name === undefined ? `layer ${index + 1} (${layer.type})` : `layer ${layer.name}`;
}

/** Returns the indices of the layers whose outputs a layer takes. */
function sourcesOf(layer: Layer, index: number, names: ReadonlyMap<string, number>): number[] {
  const named = [layer.input, layer.type === 'add' ? layer.with : undefined];
  const [input, other] = named.map((name) => {
    if (name === undefined || names.has(name)) return name === undefined ? undefined : names.get(name)!;
    const known = names.size === 0 ? 'none' : [...names.keys()].join(', ');
    throw new UserError(`unknown input of ${layerText(layer, index)}: ${name} (named before it: ${known})`);
  });
  return other === undefined ? [input ?? index - 1] : [input ?? index - 1, other];
}

/** A layer that nothing leads on from would be there in vain. */
function checkUsed(layers: readonly Layer[], places: readonly LayerPlace[]): void {
  const used = new Set(places.flatMap(({ sources }) => sources));
  const unused = layers.findIndex((_, index) => index < layers.length - 1 && !used.has(index));
  if (unused >= 0) {
    throw new UserError(`output of ${layerText(layers[unused]!, unused)} must be taken by another layer`);
  }
}

/**
 * Throws a UserError where the logits pass through a nonlinearity, looked for through the layers that only hand them on: a softmax of
 * numbers that cannot be negative, or not beyond 1, is not what the loss is made for, and training ends far below what it should.
 */
function checkLogits(layers: readonly Layer[], places: readonly LayerPlace[]): void {
  const open = [layers.length - 1];
  while (open.length > 0) {
    const index = open.pop()!;
    if (index < 0) continue;
    const layer = layers[index]!;
    if ('activation' in layer && layer.activation !== 'linear') {
      throw new UserError(
        `activation of the last layer must be linear, for it gives the logits and the softmax belongs to the loss, got ${layer.activation} in ${layerText(layer, index)}`,
      );
    }
    if (HANDED_ON.has(layer.type)) open.push(places[index]!.sources[0]!);
  }
}

const HANDED_ON: ReadonlySet<Layer['type']> = new Set(['flatten', 'maxPool', 'averagePool', 'activation']);

/** What TensorFlow takes for the names of its ops, part by part; a snapshot names its tensors so, too. */
const LAYER_NAME = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/;
const LONGEST_NAME = 100;
/** In weights files these mean a bias and what an optimizer remembers, which are not analyzed. */
const RESERVED = /(^|[./])(bias|optimi[sz]er\w*|opt_state)$|(^|[./])(optimi[sz]er\w*|opt_state)[./]/i;

/** Throws a UserError for a name that TensorFlow refuses, and for one that would hide a layer, or be hidden by it. */
function checkName(name: string, others: ReadonlyMap<string, number>): void {
  if (!LAYER_NAME.test(name) || name.length > LONGEST_NAME) {
    throw new UserError(
      `layer names must be letters, digits and . _ - in parts between /, each beginning with a letter or digit, at most ${LONGEST_NAME} long, got ${JSON.stringify(name.slice(0, 2 * LONGEST_NAME))}`,
    );
  }
  if (RESERVED.test(name))
    throw new UserError(`layer names must not be those of biases and optimizers, got ${name}`);
  for (const other of others.keys()) {
    if (name.startsWith(`${other}/`) || other.startsWith(`${name}/`)) {
      throw new UserError(`layer names must not lie below one another, got ${other} and ${name}`);
    }
  }
}

/** Returns the names of the layers that have a weight matrix, from input to output. */
export function kernelLayers(parameters: readonly Parameter[]): string[] {
  return parameters.filter((parameter) => parameter.kind === 'kernel').map((parameter) => parameter.layer);
}

function fromConfig(config: CustomNetworkConfig): NetworkDeclaration {
  const lastWeighted = config.layers.findLastIndex(({ type }) => type === 'dense' || type === 'conv');
  const layers = config.layers.map((layer, index): Layer => {
    switch (layer.type) {
      case 'maxPool':
      case 'averagePool':
        return { ...layer, stride: layer.stride ?? layer.size };
      case 'conv':
      case 'dense':
        return { ...layer, activation: layer.activation ?? (index === lastWeighted ? 'linear' : 'relu') };
      default:
        return layer;
    }
  });
  const weighted = layers.flatMap((layer) =>
    layer.type === 'dense' || layer.type === 'conv' ? [layer.name] : [],
  );
  return {
    layers,
    initializer: config.initializer,
    scale: config.scale,
    bias: config.bias,
    analyzedLayers: config.analyzedLayers ?? weighted.slice(0, -1),
  };
}

function outputShape(layer: Layer, input: readonly number[], of: string): readonly number[] {
  const subject = `input of ${of}`;
  switch (layer.type) {
    case 'conv':
    case 'maxPool':
    case 'averagePool': {
      const [height, width, channels] = input;
      if (input.length !== 3)
        throw new UserError(`${subject} must be height x width x channels, got ${show(input)}`);
      const groups = layer.type === 'conv' ? (layer.groups ?? 1) : 1;
      if (layer.type === 'conv' && (channels! % groups !== 0 || layer.filters % groups !== 0)) {
        throw new UserError(
          `groups of ${of} must divide its ${channels} channels and its ${layer.filters} filters, got ${groups}`,
        );
      }
      const window = layer.type === 'conv' ? layer.kernel : layer.size;
      requireWithin(of, layer.type === 'conv' ? 'kernel' : 'size', window, input);
      requireWithin(of, 'stride', layer.stride, input);
      const side = (size: number): number =>
        layer.padding === 'same'
          ? Math.ceil(size / layer.stride)
          : Math.ceil((size - window + 1) / layer.stride);
      const output = [side(height!), side(width!), layer.type === 'conv' ? layer.filters : channels!];
      if (output.some((size) => size < 1)) {
        throw new UserError(`${subject} must be at least ${window} x ${window}, got ${show(input)}`);
      }
      return output;
    }
    case 'flatten':
      return [elementCount(input)];
    case 'dense':
      if (input.length !== 1)
        throw new UserError(`${subject} must be flat (put a flatten layer before it), got ${show(input)}`);
      return [layer.units];
    case 'batchNorm':
    case 'layerNorm':
    case 'activation':
    case 'add':
      return input;
  }
}

/** Windows and steps of usual blocks, which deep networks come to on images of a pixel or two. */
const USUAL_WINDOW = 7;

/**
 * Refuses a window of which some weights never see a pixel: padding brings the last pixel of an image under the first weight, no
 * farther. A longer step than that window sees no second place either.
 */
function requireWithin(of: string, what: string, value: number, [height, width]: readonly number[]): void {
  const most = Math.max(USUAL_WINDOW, 2 * Math.max(height!, width!) - 1);
  if (value > most) {
    throw new UserError(
      `${what} of ${of} must be at most ${most} on images of ${height} x ${width}, got ${value}`,
    );
  }
}

function layerParameters(layer: Layer, input: readonly number[]): Parameter[] {
  const channels = input.at(-1)!;
  const parameter = (kind: Parameter['kind'], shape: readonly number[], trainable = true): Parameter => {
    const name = layer.name ?? '';
    const [fanIn, fanOut] =
      layer.type === 'conv'
        ? [(layer.kernel ** 2 * channels) / (layer.groups ?? 1), layer.kernel ** 2 * layer.filters]
        : [channels, shape.at(-1)!];
    return { name: `${name}/${kind}`, layer: name, kind, shape, trainable, fanIn, fanOut };
  };
  switch (layer.type) {
    case 'conv':
      return [
        parameter('kernel', [layer.kernel, layer.kernel, channels / (layer.groups ?? 1), layer.filters]),
        parameter('bias', [layer.filters]),
      ];
    case 'dense':
      return [parameter('kernel', [channels, layer.units]), parameter('bias', [layer.units])];
    case 'batchNorm':
      return [
        parameter('gamma', [channels]),
        parameter('beta', [channels]),
        parameter('moving_mean', [channels], false),
        parameter('moving_variance', [channels], false),
      ];
    case 'layerNorm':
      return [parameter('gamma', [channels]), parameter('beta', [channels])];
    default:
      return [];
  }
}

function show(shape: readonly number[]): string {
  return `(${shape.join(', ')})`;
}
