import type { NETWORK_NAMES } from '../../experiment/config/networkSchema.ts';
import type { RunConfig } from '../../experiment/config/schema.ts';

export type NetworkName = (typeof NETWORK_NAMES)[number];

/** How the convolutions of a step are computed, and whether XLA compiles it. */
export const WAYS = {
  plain: { convolution: 'plain', compile: 'graph' },
  winograd: { convolution: 'winograd', compile: 'graph' },
  xla: { convolution: 'plain', compile: 'xla' },
} as const satisfies Record<string, Pick<RunConfig, 'convolution' | 'compile'>>;
export type Way = keyof typeof WAYS;

/** What a process of the proof is asked to do, after which it ends. TensorFlow reads its settings once a process. */
export interface ProofTask {
  /** As `--device` takes it. */
  device: string;
  tensorFloat32: boolean;
  work:
    | { type: 'engine' }
    | { type: 'products' }
    /** Takes each of these sizes in turn from a GPU of which the process may take a part. */
    | { type: 'memory'; part: number; bytes: readonly number[] }
    | {
        type: 'train';
        networks: readonly NetworkName[];
        way: Way;
        batch: number;
        steps: number;
        trials: number;
      }
    /** `until` is the moment (ms since 1970) after which no further batch size is begun. */
    | { type: 'speeds'; network: NetworkName; way: Way; batches: readonly number[]; until: number };
}

/** What the engine of a process says of itself. */
export interface ProvenEngine {
  tensorflow: string;
  variant: string;
  gpu: boolean;
  /** NVIDIA's packages beside it, with their versions. */
  nvidia: readonly string[];
}

export type ProofAnswer =
  | { type: 'engine'; engine: ProvenEngine }
  /** Of products whose inputs need more bits than TensorFloat-32 keeps: see products.ts. */
  | { type: 'products'; matrix: number; convolution: number }
  /** Which of the sizes were to be had. */
  | { type: 'memory'; had: boolean[] }
  /** Every parameter before, and after the steps of each trial, which has images of its own. */
  | {
      type: 'trained';
      network: NetworkName;
      before: Map<string, Float32Array>;
      after: Map<string, Float32Array>[];
    }
  | { type: 'speed'; batch: number; imagesPerSecond: number; preparingSeconds: number };
