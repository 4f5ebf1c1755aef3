import { canonicalJson } from '../../base/canonicalJson.ts';
import { sha256 } from '../../base/sha256.ts';
import type { OptimizerConfig, RunConfig } from '../config/schema.ts';
import { knownFacts } from '../data/datasetFacts.ts';

/** The constants each update rule reads; the others change nothing. */
const OPTIMIZER_CONSTANTS: Record<OptimizerConfig['type'], readonly (keyof OptimizerConfig)[]> = {
  sgd: [],
  momentum: ['momentum'],
  nesterov: ['momentum'],
  adadelta: ['rho', 'epsilon'],
  adam: ['beta1', 'beta2', 'epsilon'],
};

/**
 * Returns the SHA-256 (hex) of everything in a run's config that its weights and metrics follow from: two configs of one identity
 * train to the same bytes on the same machine. Names, `snapshots` (what is stored of the weights, not what they are) and
 * constants the optimizer does not read are not in it; `null` that stands for another value counts as that value.
 * To tell whether a finished run serves, compare this and ask `snapshotsServe` and `layersLacking`. Compare with the identity of the stored config,
 * parsed again, not with a stored hash: a key that a later version adds then takes its default on both sides.
 */
export function runIdentity(config: RunConfig): string {
  const { snapshots: _, optimizer, compile, convolution, ...rest } = config;
  const shape = knownFacts(config.dataset);
  const matters = {
    ...withoutLaterDefaults(rest),
    network: networkThatMatters(config.network),
    // auto is what was called winograd while every machine was a CPU
    convolution: convolution === 'auto' ? 'winograd' : convolution,
    ...(compile === 'graph' ? {} : { compile }),
    optimizer: Object.fromEntries(
      (['type', ...OPTIMIZER_CONSTANTS[optimizer.type]] as const)
        .map((key) => [key, optimizer[key]])
        .concat(optimizer.weightDecay === 0 ? [] : [['weightDecay', optimizer.weightDecay]]),
    ),
    trainImages: config.trainImages ?? shape?.trainImages ?? null,
    testImages: config.testImages ?? shape?.testImages ?? null,
    initSeed: config.initSeed ?? config.seed,
  };
  return sha256(canonicalJson(matters));
}

/** Keys that earlier versions did not have: at these values a run is the one they trained. */
const LATER_DEFAULTS: Partial<RunConfig> = {
  validation: 0,
  augment: null,
  labelSmoothing: 0,
  schedule: null,
  clipNorm: null,
  train: null,
};

function withoutLaterDefaults(config: Partial<RunConfig>): Partial<RunConfig> {
  const entries = Object.entries(config).filter(
    ([key, value]) => !(key in LATER_DEFAULTS) || value !== LATER_DEFAULTS[key as keyof RunConfig],
  );
  return Object.fromEntries(entries);
}

/** Which layers are analyzed, and what a layer takes by itself, does not change what is trained. */
function networkThatMatters(network: RunConfig['network']): unknown {
  if (typeof network === 'string') return network;
  const { analyzedLayers: _, scale, layers, ...rest } = network;
  return {
    ...rest,
    ...(scale === 1 ? {} : { scale }),
    layers: layers.map((layer, index) => {
      if (layer.type !== 'conv' && layer.type !== 'dense') return layer;
      const last = index === layers.findLastIndex(({ type }) => type === 'conv' || type === 'dense');
      const activation = layer.activation ?? (last ? 'linear' : 'relu');
      if (layer.type === 'dense') return { ...layer, activation };
      const { groups, ...conv } = layer;
      return { ...conv, ...(groups === 1 ? {} : { groups }), activation };
    }),
  };
}

/**
 * Tells whether the snapshots stored under one policy are those of the epochs, precision and parameters that another wants, so that a
 * finished run need not be trained again. Layers are asked for by `layersLacking`. `keep` plays no part: spectra stay when snapshots go.
 */
export function snapshotsServe(stored: RunConfig['snapshots'], wanted: RunConfig['snapshots']): boolean {
  const epochs = wanted.every % stored.every === 0;
  const dtype = stored.dtype === wanted.dtype || stored.dtype === 'float32';
  return epochs && dtype && (stored.network || !wanted.network);
}
