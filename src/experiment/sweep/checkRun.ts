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
import { datasetFacts } from '../data/datasetFacts.ts';
import { heldOutCount } from '../data/validationSplit.ts';
import type { Network } from '../networks/network.ts';
import { kernelLayers, resolveNetwork } from '../networks/resolveNetwork.ts';
import { checkNumbers } from './checkNumbers.ts';

/** Returns what is impossible in a run although each key alone is right: layers and images that are not there. */
export function checkRun(config: RunConfig, node: ConfigNode): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (path: KeyPath, message: string): void => {
    problems.push({ origin: originAt(node, path), message });
  };
  checkNumbers(config, report);
  checkSchedule(config, report);
  const told = (key: string, check: () => void): boolean => {
    try {
      check();
      return true;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      report([key], error.message.startsWith(`${key} `) ? error.message : `${key}: ${error.message}`);
      return false;
    }
  };
  // A network has no shapes without the images it is for.
  if (told('dataset', () => checkImages(config, report))) {
    told('network', () => checkLayers(config, networkOf(config), report));
  }
  return problems;
}

/** Returns the network of a run with every shape worked out; throws a UserError where the shapes do not fit. */
export function networkOf(config: Pick<RunConfig, 'network' | 'dataset'>): Network {
  const { inputShape, classes } = datasetFacts(config.dataset);
  return resolveNetwork(config.network, inputShape, classes);
}

/** Keys of a schedule that its type does not read would be changed in vain. */
function checkSchedule({ schedule }: RunConfig, report: Report): void {
  if (schedule === null) return;
  const { type, at, every, epochs, warmUp } = schedule;
  if (type === 'step' && at === null && every === null) {
    report(['schedule'], 'schedule of type step must have at or every, got neither');
  }
  if (type !== 'step' && (at !== null || every !== null)) {
    report(['schedule'], `schedule.at and schedule.every must be of type step, got type ${type}`);
  }
  if (type !== 'cosine' && epochs !== null) {
    report(['schedule', 'epochs'], `schedule.epochs must be of type cosine, got type ${type}`);
  }
  if (type === 'cosine' && epochs !== null && epochs <= warmUp) {
    report(['schedule', 'epochs'], `schedule.epochs must be above schedule.warmUp, ${warmUp}, got ${epochs}`);
  }
}

type Report = (path: KeyPath, message: string) => void;

function checkImages(config: RunConfig, report: Report): void {
  const shape = datasetFacts(config.dataset);
  for (const key of ['trainImages', 'testImages'] as const) {
    const images = config[key];
    if (images !== null && images > shape[key]) {
      report([key], `${key} must be at most ${shape[key]}, all that ${config.dataset} has, got ${images}`);
    }
  }
  const all = config.trainImages ?? shape.trainImages;
  const heldOut = heldOutCount(all, config.validation);
  const images = all - heldOut;
  if (config.validation > 0 && (heldOut === 0 || images === 0)) {
    report(
      ['validation'],
      `validation must hold out at least one of ${all} training images and leave one, got ${config.validation}`,
    );
  }
  const side = Math.min(shape.inputShape[0], shape.inputShape[1]);
  if (config.augment !== null && config.augment.shift >= side) {
    report(
      ['augment', 'shift'],
      `augment.shift must be below ${side}, the side of an image, got ${config.augment.shift}`,
    );
  }
  if (config.batchSize > images) {
    report(
      ['batchSize'],
      `batchSize must be at most ${images}, the training images, got ${config.batchSize}`,
    );
  }
}

function checkLayers(config: RunConfig, network: Network, report: Report): void {
  const weighted = kernelLayers(network.parameters);
  const named = network.layers.flatMap(({ name }) => (name === undefined ? [] : [name]));
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
  const trainable = network.parameters.filter((parameter) => parameter.trainable).map(({ layer }) => layer);
  check(['train', 'layers'], config.train?.layers, [...new Set(trainable)]);
  // The last layer gives the logits, which a dropout would only blank out.
  check(['dropout', 'layers'], config.dropout?.layers, named.slice(0, -1));
}
