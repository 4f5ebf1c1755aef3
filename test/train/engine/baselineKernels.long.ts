// The kernels for processors without AVX2 (and for arm64), which the engine on this machine does not choose.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { ownSources } from '../../../src/train/engine/ownSources.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-baseline-'));
const require = createRequire(import.meta.url);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('agree with the TypeScript solver', () => {
  const sources = readdirSync(ownSources.linalg).filter((name) => name.endsWith('.cc'));
  execFileSync('g++', [
    ...['-O3', '-std=c++17', '-fPIC', '-DNAPI_VERSION=8', '-DLINALG_BASELINE', '-pthread', '-shared'],
    `-I${require('node-api-headers').include_dir}`,
    ...sources.map((name) => join(ownSources.linalg, name)),
    ...['-o', join(folder, 'linalg.node')],
  ]);
  const baseline = require(join(folder, 'linalg.node'));
  const stream = randomStream(1, 'test/baseline');
  for (const [rows, cols] of [
    [1, 1],
    [5, 3],
    [31, 64],
    [300, 210],
  ] as const) {
    const W = Float32Array.from({ length: rows * cols }, () => stream.normal());
    const expected = typescriptLinearAlgebra.eigenvalues(W, rows, cols);
    const [found] = baseline.eigenvaluesOfEach([[W, rows, cols]], 2);
    const [withVectors, vectors] = baseline.eigenvectors([W, rows, cols], 2);
    const n = expected.length;
    for (let i = 0; i < n; i++) {
      expect(Math.abs(found[i] - expected[i]!)).toBeLessThan(1e-13 * expected.at(-1)!);
      expect(Math.abs(withVectors[i] - expected[i]!)).toBeLessThan(1e-13 * expected.at(-1)!);
      expect(Math.hypot(...vectors.subarray(i * n, (i + 1) * n))).toBeCloseTo(1, 12);
    }
  }
});
