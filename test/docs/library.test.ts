import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-consumer-'));
const own = join(folder, 'node_modules', 'phasewatch');
let packed: string[];

/** What a user writes: the one example of a page. */
const exampleOf = (page: string): string =>
  /```js\n(.*?)```/s.exec(readFileSync(join(root, 'docs/guide', page), 'utf8'))![1]!;
const node = (file: string): string =>
  execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });

/** The package as it is packed, in an empty folder, beside what it declares to need and nothing else. */
beforeAll(() => {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });
  const npm = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename, files }] = JSON.parse(execFileSync('npm', npm, { cwd: root, encoding: 'utf8' }));
  packed = files.map(({ path }: { path: string }) => path);
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', own]);
  const needed = { ...manifest.dependencies, ...manifest.optionalDependencies };
  for (const name of [...Object.keys(needed), '@types/node', '@tensorflow/tfjs-core']) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  cpSync(join(root, 'test/fixtures/weights/numpy.safetensors'), join(folder, 'model.safetensors'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed package', () => {
  it('has what it names, and no benchmarks, tests or maps', () => {
    for (const { types, default: code } of Object.values<{ types: string; default: string }>(
      manifest.exports,
    )) {
      if (types === undefined) continue;
      expect(packed).toEqual(expect.arrayContaining([types.slice(2), code.slice(2)]));
    }
    expect(packed.filter((path) => /^(bench|test|src)\/|\.map$|\/bench\//.test(path))).toEqual([]);
  });

  it('runs the example of docs/guide/library-train.md', () => {
    writeFileSync(join(folder, 'train.js'), exampleOf('library-train.md'));
    const said = node('train.js');
    for (const size of [50, 200]) {
      expect(said).toMatch(new RegExp(`b=${size}, epoch 2: loss \\d\\.\\d+, test accuracy 0\\.\\d+`));
      expect(said).toMatch(new RegExp(`b=${size} done 0\\.\\d+`));
      expect(said).toMatch(new RegExp(`b=${size} 2 fc1 [a-z+-]+`));
    }
    expect(said).toContain('results/from-code/report.html');
  });

  it('runs the example of docs/guide/library.md', () => {
    writeFileSync(join(folder, 'analyze.js'), exampleOf('library.md'));
    const said = node('analyze.js');
    expect(said).toMatch(/^100 eigenvalues, the largest \d+/);
    expect(said).toMatch(/^random-like \d+/m);
    expect(said).toMatch(/^b=50 2 fc1 [a-z+-]+$/m);
  });

  it('runs the example of docs/guide/library-engine.md', () => {
    writeFileSync(join(folder, 'engine.js'), exampleOf('library-engine.md'));
    const said = node('engine.js');
    expect(said).toContain('TensorFlow 2.21.0');
    expect(said).toMatch(/Float32Array\(4\) \[ 2, 3, 4, 5 \]\n6\n$/);
  });

  const check = (pages: readonly string[], skipLibCheck: boolean): string => {
    const compilerOptions = {
      target: 'ES2023',
      module: 'NodeNext',
      strict: true,
      noEmit: true,
      types: ['node'],
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck }, files: pages }),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    return execFileSync(process.execPath, [tsc, '-p', folder], { cwd: folder, encoding: 'utf8' });
  };

  it('has types for all of them in strict TypeScript', () => {
    for (const page of ['library', 'library-train', 'library-engine']) {
      writeFileSync(join(folder, `${page}.ts`), exampleOf(`${page}.md`));
    }
    expect(check(['library.ts', 'library-train.ts'], false)).toBe('');
    // The declarations of tfjs-core 4.22 clash with those of the DOM.
    expect(check(['library-engine.ts'], true)).toBe('');
    writeFileSync(
      join(folder, 'wrong.ts'),
      "import { eigenvalues } from 'phasewatch';\neigenvalues('no matrix', 1, 1);\n",
    );
    expect(() => check(['wrong.ts'], false)).toThrow();
  });
});
