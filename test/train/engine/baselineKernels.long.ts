// The kernels for other processors than this one: without AVX2 (as on arm64), and without AVX-512.
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

it.each(process.arch === 'x64' ? ['Baseline', 'Avx2', 'Avx512'] : ['Baseline'])(
  'the kernels %s agree with the TypeScript solver',
  (kernels) => {
    const sources = readdirSync(ownSources.linalg).filter((name) => name.endsWith('.cc'));
    const path = join(folder, `${kernels}.node`);
    execFileSync('g++', [
      ...[
        '-O3',
        '-std=c++17',
        '-fPIC',
        '-DNAPI_VERSION=8',
        `-DLINALG_KERNELS=${kernels}`,
        '-pthread',
        '-shared',
      ],
      `-I${require('node-api-headers').include_dir}`,
      ...sources.map((name) => join(ownSources.linalg, name)),
      ...['-o', path],
    ]);
    const solver = require(path);
    const stream = randomStream(1, 'test/baseline');
    for (const [rows, cols] of [
      [1, 1],
      [5, 3],
      [31, 64],
      [60, 49],
      [97, 145],
      [300, 210],
    ] as const) {
      const W = Float32Array.from({ length: rows * cols }, () => stream.normal());
      const expected = typescriptLinearAlgebra.eigenvalues(W, rows, cols);
      const [found] = solver.eigenvaluesOfEach([[W, rows, cols]], 2);
      const twoStages = [1, 2, 3].map(
        (threads) => solver.eigenvaluesOfEach([[W, rows, cols]], threads, 1, 24)[0],
      );
      const [withVectors, vectors] = solver.eigenvectors([W, rows, cols], 2);
      const n = expected.length;
      expect(twoStages[1]).toEqual(twoStages[0]);
      expect(twoStages[2]).toEqual(twoStages[0]);
      for (let i = 0; i < n; i++) {
        for (const values of [found, twoStages[0], withVectors]) {
          expect(Math.abs(values[i] - expected[i]!)).toBeLessThan(1e-13 * expected.at(-1)!);
        }
        expect(Math.hypot(...vectors.subarray(i * n, (i + 1) * n))).toBeCloseTo(1, 12);
      }
    }
  },
);
