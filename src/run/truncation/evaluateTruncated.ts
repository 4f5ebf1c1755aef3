import { existsSync, readdirSync } from 'node:fs';
import { fileSha256 } from '../../base/files/checksums.ts';
import { readSafetensors } from '../../base/safetensors/safetensors.ts';
import type { RunConfig } from '../../experiment/config/schema.ts';
import type { Split } from '../../experiment/data/dataset.ts';
import { validationSplit } from '../../experiment/data/validationSplit.ts';
import { resolveNetwork } from '../../experiment/networks/resolveNetwork.ts';
import { networkEpoch, type ResultsLayout } from '../../experiment/results/layout.ts';
import {
  readTruncated,
  type TruncatedRow,
  writeTruncated,
} from '../../experiment/results/truncatedErrors.ts';
import { snapshotLayers } from '../../experiment/status/snapshotLayers.ts';
import type { PowerLawMode } from '../../spectra/laws/powerLaw.ts';
import type { LinearAlgebra } from '../../spectra/linalg/linearAlgebra.ts';
import { CUTS, type Cut, type TailProjectors, tailProjectors } from '../../spectra/tailTruncation.ts';
import type { SessionBinding } from '../../train/graph/graphSession.ts';
import { TruncatedSession, type Variant } from '../../train/step/truncatedSession.ts';
import type { TrainingData } from '../../train/trainRun.ts';

export interface TruncationOptions {
  config: RunConfig;
  /** How xmin is found. */
  fit: PowerLawMode;
  /** The images of the run, its labels as it was trained on. */
  data: () => TrainingData;
  binding: () => SessionBinding;
  algebra: LinearAlgebra;
  /** When aborted, the epoch at hand is the last. */
  signal: AbortSignal;
  onEpoch(done: number, total: number): void;
}

/**
 * Measures the errors of the network of a run with its analyzed layers cut to their tails, for every epoch whose parameters were kept,
 * and writes them to truncated/<run>.csv. What was measured of the same parameters stays; without anything to measure neither data nor
 * engine is asked for.
 */
export async function evaluateTruncated(
  layout: ResultsLayout,
  run: string,
  options: TruncationOptions,
): Promise<void> {
  const { fit, signal, onEpoch } = options;
  const files = layout.run(run);
  const epochs = networkEpochs(files.snapshots);
  const sourceOf = (epoch: number): string => `${fit} ${fileSha256(files.networkSnapshot(epoch))}`;
  const sources = new Map(epochs.map((epoch) => [epoch, sourceOf(epoch)]));
  let rows = readTruncated(layout, run).filter(
    ({ epoch, source }) => !sources.has(epoch) || sources.get(epoch) === source,
  );
  const layers = snapshotLayers(options.config);
  const hasAll = (epoch: number): boolean =>
    layers.every((layer) => rows.some((row) => row.epoch === epoch && row.layer === layer));
  const missing = epochs.filter((epoch) => !hasAll(epoch));
  if (missing.length === 0) return;
  const evaluation = new CutNetwork(options);
  try {
    for (const [i, epoch] of missing.entries()) {
      if (signal.aborted) break;
      const parameters = readSafetensors(files.networkSnapshot(epoch)).tensors;
      const values = new Map([...parameters].map(([name, { data }]) => [name, data as Float32Array]));
      rows = rows.filter((row) => row.epoch !== epoch);
      for (const errors of evaluation.errors(values)) {
        rows.push({ epoch, source: sources.get(epoch)!, ...errors });
      }
      rows.sort((a, b) => a.epoch - b.epoch);
      writeTruncated(layout, run, rows);
      onEpoch(i + 1, missing.length);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    evaluation.close();
  }
}

function networkEpochs(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map(networkEpoch)
    .filter((epoch) => epoch !== null)
    .sort((a, b) => a - b);
}

/** Stands for a variant in which every analyzed layer is cut. */
const ALL = 'all';
const variantName = (layer: string, cut: Cut): string => `${layer}/${cut}`;

/** The network of a run on both of its splits, with room for all cuts of its analyzed layers. */
class CutNetwork {
  private readonly layers: readonly string[];
  private readonly shapes: ReadonlyMap<string, readonly number[]>;
  private readonly variants: readonly (Variant & { cut: Cut })[];
  private readonly sessions: Record<'train' | 'test', TruncatedSession>;

  constructor(private readonly options: TruncationOptions) {
    const { config } = options;
    const data = options.data();
    const network = resolveNetwork(config.network, data.inputShape, data.classes);
    this.layers = snapshotLayers(config);
    this.shapes = new Map(network.parameters.map(({ name, shape }) => [name, shape]));
    const sets = [
      ...this.layers.map((layer) => [layer, [layer]] as const),
      ...(this.layers.length > 1 ? [[ALL, this.layers] as const] : []),
    ];
    this.variants = sets.flatMap(([set, layers]) =>
      CUTS.map((cut) => ({ name: variantName(set, cut), layers, cut })),
    );
    const session = (split: 'train' | 'test'): TruncatedSession =>
      new TruncatedSession(options.binding(), {
        network,
        config,
        preprocessing: data.preprocessing,
        classes: data.classes,
        split: split === 'train' ? trainedImages(data.train, config) : data.test,
        variants: this.variants,
        sides: new Map(this.layers.map((layer) => [layer, this.sideOf(layer)])),
      });
    this.sessions = { train: session('train'), test: session('test') };
  }

  close(): void {
    for (const session of Object.values(this.sessions)) session.close();
  }

  /** Returns the errors for each analyzed layer of the network with these parameters. */
  errors(values: ReadonlyMap<string, Float32Array>): Omit<TruncatedRow, 'epoch' | 'source'>[] {
    const tails = new Map(this.layers.map((layer) => [layer, this.tailsOf(layer, values)]));
    const measured = Object.entries(this.sessions).map(([split, session]) => {
      session.setParameters(values);
      for (const { name, layers, cut } of this.variants) {
        session.cut(name, new Map(layers.map((layer) => [layer, kernelCut(tails.get(layer)!, cut)])));
      }
      return [split, session.errors()] as const;
    });
    const has = (layers: readonly string[], cut: Cut): boolean =>
      layers.every((layer) => tails.get(layer)!.projectors[cut] !== null);
    return this.layers.map((layer) => {
      const row: Record<string, number | null> = {};
      for (const [split, errors] of measured) {
        row[`full_${split}_error`] = errors.get('')!;
        for (const cut of CUTS) {
          const all = this.layers.length > 1 ? ALL : layer;
          const one = errors.get(variantName(layer, cut))!;
          row[`${cut}_${split}_error`] = has([layer], cut) ? one : null;
          row[`all_${cut}_${split}_error`] = has(this.layers, cut)
            ? errors.get(variantName(all, cut))!
            : null;
        }
      }
      return { layer, ...row } as Omit<TruncatedRow, 'epoch' | 'source'>;
    });
  }

  private matrixShape(layer: string): { rows: number; cols: number } {
    const [rows, cols] = this.shapes.get(`${layer}/kernel`)!.slice(-2) as [number, number];
    return { rows, cols };
  }

  private sideOf(layer: string): Pick<TailProjectors, 'side' | 'size'> {
    const { rows, cols } = this.matrixShape(layer);
    return { side: cols <= rows ? 'right' : 'left', size: Math.min(rows, cols) };
  }

  private tailsOf(layer: string, values: ReadonlyMap<string, Float32Array>): TailProjectors {
    const { fit, algebra } = this.options;
    const kernel = values.get(`${layer}/kernel`)!;
    const { rows, cols } = this.matrixShape(layer);
    const size = rows * cols;
    const matrices = Array.from({ length: kernel.length / size }, (_, i) =>
      kernel.subarray(i * size, (i + 1) * size),
    );
    return tailProjectors({ matrices, rows, cols, precision: 'float32' }, fit, algebra);
  }
}

/** The images that a run is trained on: all but those that it holds out. */
function trainedImages(train: Split, config: RunConfig): Split {
  const { trained } = validationSplit(train.count, config);
  if (trained.length === train.count) return train;
  const size = train.images.length / train.count;
  const images = new Uint8Array(trained.length * size);
  trained.forEach((from, to) => {
    images.set(train.images.subarray(from * size, (from + 1) * size), to * size);
  });
  return { images, labels: Uint8Array.from(trained, (at) => train.labels[at]!), count: trained.length };
}

/** Where a spectrum has no such tail the layer stays whole; what is measured of it is not told. */
function kernelCut({ side, size, projectors }: TailProjectors, cut: Cut) {
  const anyway = Object.values(projectors).find((values) => values !== null);
  const values = projectors[cut] ?? new Float32Array(anyway?.length ?? size ** 2);
  return { side, size, values };
}
