import { elementCount } from '../base/elementCount.ts';
import { orthogonalMatrix } from '../base/random/orthogonalMatrix.ts';
import { type RandomStream, randomStream } from '../base/random/stream.ts';
import type { Initializer, Network, Parameter } from '../experiment/networks/network.ts';

/**
 * Returns the initial value of every parameter by name. Each kernel is drawn from a stream of its own, so that adding a layer
 * leaves the others as they were. Biases and batch-norm offsets as declared, scales and moving variances 1, moving means 0.
 */
export function initialWeights(network: Network, seed: number): Map<string, Float32Array> {
  return new Map(
    network.parameters.map((parameter) => [parameter.name, initialValue(parameter, network, seed)] as const),
  );
}

/** Returns the initial value of every variable of a training: the network's parameters, and zeros for what an optimizer keeps. */
export function initialState(
  network: Network,
  seed: number,
  variables: readonly { name: string; shape: readonly number[] }[],
): Map<string, Float32Array> {
  const weights = initialWeights(network, seed);
  return new Map(
    variables.map(({ name, shape }) => [name, weights.get(name) ?? new Float32Array(elementCount(shape))]),
  );
}

function initialValue(parameter: Parameter, network: Network, seed: number): Float32Array {
  const values = new Float32Array(elementCount(parameter.shape));
  switch (parameter.kind) {
    case 'kernel': {
      const stream = randomStream(seed, `init/${parameter.name}`);
      const scale = network.scale ?? 1;
      if (network.initializer === 'orthogonal') {
        const orthogonal = orthogonalMatrix(
          values.length / parameter.shape.at(-1)!,
          parameter.shape.at(-1)!,
          stream,
        );
        return values.map((_, i) => scale * orthogonal[i]!);
      }
      const draw = drawFrom(network.initializer, parameter, stream);
      for (let i = 0; i < values.length; i++) values[i] = scale * draw();
      return values;
    }
    case 'bias':
      return values.fill(network.bias);
    case 'gamma':
    case 'moving_variance':
      return values.fill(1);
    case 'beta':
    case 'moving_mean':
      return values;
  }
}

/** Glorot and Bengio 2010: variance 2/(fanIn + fanOut). He et al. 2015: 2/fanIn. */
function drawFrom(
  initializer: Exclude<Initializer, 'orthogonal'>,
  { fanIn, fanOut }: Parameter,
  stream: RandomStream,
): () => number {
  const fan = initializer.startsWith('he') ? fanIn : fanIn + fanOut;
  const sd = Math.sqrt(2 / fan);
  switch (initializer) {
    case 'glorotUniform':
    case 'heUniform': {
      const limit = Math.sqrt(6 / fan);
      return () => (2 * stream.uniform() - 1) * limit;
    }
    case 'glorotNormal':
    case 'heNormal':
      return () => stream.normal() * sd;
    case 'glorotNormalTruncated':
      // Keras before 2.2.3 cut the normal at 2 sd and did not correct the variance: the true sd is 0.8796 of the nominal one.
      return () => {
        let z = stream.normal();
        while (Math.abs(z) > 2) z = stream.normal();
        return z * sd;
      };
  }
}
