import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../base/files/temporaryFolder.ts';
import {
  DataType,
  type DataTypeName,
  type GraphBuilder,
  type Output,
  SAVED_MODEL_TAG,
} from './graphBuilder.ts';

/** The part of the native binding that runs graphs. */
export interface SessionBinding {
  /** What the fused operators of engine/ops compute with, `avx512` or `avx2`; null where graphs must not have them. */
  readonly fusedOperators: string | null;
  isUsingGpuDevice(): boolean;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(
    id: number,
    inputIds: number[],
    inputs: string,
    outputs: string,
  ): { id: number; shape: number[] }[];
  createTensor(shape: number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
}

/** A value for a placeholder. The array must not change while the call runs. */
export interface Feed {
  dtype: Extract<DataTypeName, 'float32' | 'int32' | 'uint8'>;
  shape: readonly number[];
  data: Float32Array | Int32Array | Uint8Array;
}

/** One TensorFlow session over one graph; its variables live as long as it does. */
export class GraphSession {
  private readonly id: number;
  private open = true;

  constructor(
    private readonly binding: SessionBinding,
    graph: GraphBuilder,
  ) {
    const folder = temporaryFolder('graph');
    try {
      writeFileSync(join(folder, 'saved_model.pb'), graph.toSavedModel());
      this.id = binding.loadSavedModel(folder, SAVED_MODEL_TAG);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Runs the graph once and returns the values of `fetches`, in their order, as copies that the caller owns. */
  run(feeds: Record<string, Feed>, fetches: readonly Output[]): (Float32Array | Int32Array | Uint8Array)[] {
    const names = Object.keys(feeds);
    const inputs = names.map((name) => {
      const { dtype, shape, data } = feeds[name]!;
      return this.binding.createTensor([...shape], DataType[dtype], data);
    });
    try {
      const outputs = this.binding.runSavedModel(
        this.id,
        inputs,
        names.map((name) => `${name}:0`).join(','),
        fetches.map((fetch) => (fetch.includes(':') ? fetch : `${fetch}:0`)).join(','),
      );
      return outputs.map((output) => {
        try {
          return this.binding.tensorDataSync(output.id);
        } finally {
          this.binding.deleteTensor(output.id);
        }
      });
    } finally {
      for (const input of inputs) this.binding.deleteTensor(input);
    }
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.binding.deleteSavedModel(this.id);
  }
}
