import { didYouMean } from '../../base/nearestName.ts';
import { UserError } from '../../base/userError.ts';
import {
  type ConfigNode,
  type ConfigProblem,
  type KeyPath,
  originAt,
  showPath,
} from '../config/configNode.ts';
import type { RunConfig } from '../config/schema.ts';
import { DATASETS } from '../data/datasets.ts';
import type { Network } from '../networks/network.ts';
import { kernelLayers, resolveNetwork } from '../networks/resolveNetwork.ts';
import { checkNumbers } from './checkNumbers.ts';

/** Returns what is impossible in a run although each key alone is right: layers and images that are not there. */
export function checkRun(config: RunConfig, node: ConfigNode): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (path: KeyPath, message: string): void => {
    problems.push({ origin: originAt(node, path), message });
  };
  checkImages(config, report);
  checkNumbers(config, report);
  try {
    checkLayers(config, networkOf(config), report);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report(['network'], `network: ${error.message}`);
  }
  return problems;
}

/** Returns the network of a run with every shape worked out; throws a UserError where the shapes do not fit. */
export function networkOf(config: Pick<RunConfig, 'network' | 'dataset'>): Network {
  const { inputShape, classes } = DATASETS[config.dataset];
  return resolveNetwork(config.network, inputShape, classes);
}

type Report = (path: KeyPath, message: string) => void;

function checkImages(config: RunConfig, report: Report): void {
  const shape = DATASETS[config.dataset];
  for (const key of ['trainImages', 'testImages'] as const) {
    const images = config[key];
    if (images !== null && images > shape[key]) {
      report([key], `${key} must be at most ${shape[key]}, all that ${config.dataset} has, got ${images}`);
    }
  }
  const images = config.trainImages ?? shape.trainImages;
  if (config.batchSize > images) {
    report(
      ['batchSize'],
      `batchSize must be at most ${images}, the training images, got ${config.batchSize}`,
    );
  }
}

function checkLayers(config: RunConfig, network: Network, report: Report): void {
  const weighted = kernelLayers(network.parameters);
  const named = network.layers.flatMap((layer) => ('name' in layer ? [layer.name] : []));
  const check = (
    path: KeyPath,
    layers: readonly string[] | null | undefined,
    known: readonly string[],
  ): void => {
    layers?.forEach((layer, index) => {
      if (!known.includes(layer)) {
        const hint = didYouMean(layer, known);
        report(
          [...path, index],
          `${showPath(path)}: unknown layer: ${layer} (known: ${known.join(', ')})${hint}`,
        );
      } else if (layers.indexOf(layer) !== index) {
        report([...path, index], `${showPath(path)} must name a layer once, got ${layer} twice`);
      }
    });
  };
  check(['l2', 'layers'], config.l2?.layers, weighted);
  check(['snapshots', 'layers'], config.snapshots.layers, weighted);
  // The last layer gives the logits, which a dropout would only blank out.
  check(['dropout', 'layers'], config.dropout?.layers, named.slice(0, -1));
}
