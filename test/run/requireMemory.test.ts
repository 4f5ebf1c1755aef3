import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseRunConfig } from '../../src/experiment/config/schema.ts';
import { trainingMemory } from '../../src/experiment/plan/trainingMemory.ts';
import { requireMemory } from '../../src/run/requireMemory.ts';
import * as engine from '../../src/train/engine/locateEngine.ts';

const config = parseRunConfig({ network: 'miniAlexNet', dataset: 'cifar10', batchSize: 4000 });
const { host, gpu } = trainingMemory(config);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-memory-'));
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** A CUDA engine, and an nvidia-smi that lists GPUs of these sizes. */
function pretendGpus(...memoryMib: number[]): void {
  vi.spyOn(engine, 'locateEngine').mockReturnValue({ folder, manifest: { variant: 'cuda' } } as never);
  const rows = memoryMib.map((memory, i) => `${i}, NVIDIA Test, 550.54.15, ${Math.floor(memory)}, 8.0`);
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\ncat <<END\n${rows.join('\n')}\nEND\n`);
  chmodSync(join(folder, 'nvidia-smi'), 0o755);
}

describe('memory of the machine', () => {
  it('is named with what would be needed, and how many runs fit', async () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(2.5 * host);
    await requireMemory([config, config, config], { jobs: 2, device: 'cpu' });
    await expect(requireMemory([config, config, config], { jobs: 3, device: 'cpu' })).rejects.toMatchObject({
      message: `the memory of this machine must be at least ${((3 * host) / 1e9).toFixed(1)} GB for training 3 runs side by side, got ${((2.5 * host) / 1e9).toFixed(1)} GB`,
      remedy: '--jobs 2',
    });
  });

  it('that one run alone does not fit into asks for a smaller one', async () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(0.9 * host);
    await expect(requireMemory([config], { jobs: 1, device: null })).rejects.toMatchObject({
      remedy: 'a smaller batchSize, fewer trainImages, or a smaller network',
    });
  });
});

describe('memory of a GPU', () => {
  const mib = gpu / 2 ** 20;

  it('must hold as many runs as share it', async () => {
    pretendGpus(2.5 * mib);
    const found = await requireMemory([config, config, config], { jobs: 2, device: null });
    expect(found).toBe(Math.floor(2.5 * mib) * 2 ** 20);
    await expect(requireMemory([config, config, config], { jobs: 3, device: null })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^the memory of GPU 0 \(NVIDIA Test\) must be at least .* for training 3 runs/,
      ),
      remedy: '--jobs 2',
    });
  });

  it('is that of the GPU that is asked for, or that is visible', async () => {
    pretendGpus(10 * mib, 0.5 * mib);
    await requireMemory([config], { jobs: 1, device: 'gpu:0' });
    await expect(requireMemory([config], { jobs: 1, device: 'gpu:1' })).rejects.toThrow('GPU 1');
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '1');
    await expect(requireMemory([config], { jobs: 1, device: null })).rejects.toThrow('GPU 1');
    expect(await requireMemory([config], { jobs: 1, device: 'cpu' })).toBeNull();
  });
});
