import { elementCount } from '../../base/elementCount.ts';
import { UserError } from '../../base/userError.ts';
import type { CustomNetworkConfig, RunConfig } from '../config/schema.ts';
import { leNet5 } from './leNet5.ts';
import { miniAlexNet, miniAlexNetBatchNorm } from './miniAlexNet.ts';
import { mlp3 } from './mlp3.ts';
import type { Layer, Network, NetworkDeclaration, Parameter } from './network.ts';

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
  const shapes: { input: readonly number[]; output: readonly number[] }[] = [];
  const parameters: Parameter[] = [];
  const names = new Set<string>();
  let input = inputShape;
  declaration.layers.forEach((layer, index) => {
    if ('name' in layer) {
      if (names.has(layer.name)) throw new UserError(`layer names must be unique, got ${layer.name} twice`);
      checkName(layer.name, names);
      names.add(layer.name);
    }
    const output = outputShape(layer, input, index);
    for (const parameter of layerParameters(layer, input)) parameters.push(parameter);
    shapes.push({ input, output });
    input = output;
  });
  if (input.length !== 1 || input[0] !== classes) {
    throw new UserError(`the last layer must give ${classes} outputs, one a class, got shape ${show(input)}`);
  }
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

/** What TensorFlow takes for the names of its ops, part by part; a snapshot names its tensors so, too. */
const LAYER_NAME = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/;
const LONGEST_NAME = 100;
/** In weights files these mean a bias and what an optimizer remembers, which are not analyzed. */
const RESERVED = /(^|[./])(bias|optimi[sz]er\w*|opt_state)$|(^|[./])(optimi[sz]er\w*|opt_state)[./]/i;

/** Throws a UserError for a name that TensorFlow refuses, and for one that would hide a layer, or be hidden by it. */
function checkName(name: string, others: ReadonlySet<string>): void {
  if (!LAYER_NAME.test(name) || name.length > LONGEST_NAME) {
    throw new UserError(
      `layer names must be letters, digits and . _ - in parts between /, each beginning with a letter or digit, at most ${LONGEST_NAME} long, got ${JSON.stringify(name.slice(0, 2 * LONGEST_NAME))}`,
    );
  }
  if (RESERVED.test(name))
    throw new UserError(`layer names must not be those of biases and optimizers, got ${name}`);
  for (const other of others) {
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
  const layers = config.layers.map(
    (layer): Layer => (layer.type === 'maxPool' ? { ...layer, stride: layer.stride ?? layer.size } : layer),
  );
  const dense = layers.flatMap((layer) => (layer.type === 'dense' ? [layer.name] : []));
  return {
    layers,
    initializer: config.initializer,
    bias: config.bias,
    analyzedLayers: config.analyzedLayers ?? dense.slice(0, -1),
  };
}

function outputShape(layer: Layer, input: readonly number[], index: number): readonly number[] {
  const subject =
    'name' in layer ? `input of layer ${layer.name}` : `input of layer ${index + 1} (${layer.type})`;
  switch (layer.type) {
    case 'conv':
    case 'maxPool': {
      const [height, width, channels] = input;
      if (input.length !== 3)
        throw new UserError(`${subject} must be height x width x channels, got ${show(input)}`);
      const window = layer.type === 'conv' ? layer.kernel : layer.size;
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
      return input;
  }
}

function layerParameters(layer: Layer, input: readonly number[]): Parameter[] {
  const channels = input.at(-1)!;
  const parameter = (kind: Parameter['kind'], shape: readonly number[], trainable = true): Parameter => {
    const name = 'name' in layer ? layer.name : '';
    const [fanIn, fanOut] =
      layer.type === 'conv'
        ? [layer.kernel ** 2 * channels, layer.kernel ** 2 * layer.filters]
        : [channels, shape.at(-1)!];
    return { name: `${name}/${kind}`, layer: name, kind, shape, trainable, fanIn, fanOut };
  };
  switch (layer.type) {
    case 'conv':
      return [
        parameter('kernel', [layer.kernel, layer.kernel, channels, layer.filters]),
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
    default:
      return [];
  }
}

function show(shape: readonly number[]): string {
  return `(${shape.join(', ')})`;
}
