import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = new URL('../src/', import.meta.url).pathname;
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** Modules a file imports for their values; types leave no trace at run time. */
function valueImports(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  const statements = text.matchAll(
    /^(?:import|export)\s+(?!type\b)[^;]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm,
  );
  return [...statements].map(([, from, bare, dynamic]) => (from ?? bare ?? dynamic)!);
}

const room = (file: string): string => file.split('/')[0]!;

describe('architecture', () => {
  it.each(['linalg', 'spectra', 'phases', 'synthetic', 'figures', 'random'])(
    'src/%s touches no file, logger, config or engine',
    (folder) => {
      const allowed =
        /^(\.\/|\.\.\/(linalg|spectra|phases|random|figures)\/|\.\.\/results\/joinRows\.ts$|node:crypto$|@observablehq\/plot$|linkedom$)/;
      const inside = files.filter((file) => room(file) === folder);
      expect(inside.length).toBeGreaterThan(0);
      const strangers = inside.flatMap((file) =>
        valueImports(file)
          .filter((from) => !allowed.test(from))
          .map((from) => `${file}: ${from}`),
      );
      expect(strangers).toEqual([]);
    },
  );

  it('analysis never imports training, and training never analysis', () => {
    const analysis = ['spectra', 'phases', 'weights', 'analyze', 'figures', 'report', 'compare'];
    const training = ['train', 'networks', 'graph', 'engine', 'data', 'sweep'];
    const crossing = files.flatMap((file) => {
      const forbidden = analysis.includes(room(file))
        ? training
        : ['train', 'networks', 'graph'].includes(room(file))
          ? analysis
          : [];
      return valueImports(file)
        .filter((from) => forbidden.includes(from.split('/')[1]!))
        .map((from) => `${file}: ${from}`);
    });
    expect(crossing).toEqual([]);
  });

  it('only the command line and the benchmarks print', () => {
    const printing = files.filter(
      (file) =>
        !['cli', 'bench'].includes(room(file)) &&
        /console\.|process\.stdout/.test(readFileSync(join(src, file), 'utf8')),
    );
    // A program of its own, run in a child process whose stdout is its answer.
    expect(printing).toEqual(['engine/smokeCheck.ts']);
  });

  it('one place of the command line prints, and cleans what it prints', () => {
    const printing = files.filter(
      (file) =>
        room(file) !== 'bench' &&
        /process\.(stdout|stderr)\.write|console\./.test(readFileSync(join(src, file), 'utf8')),
    );
    // TensorFlow's own words while it loads, cleaned there; a child process whose stdout is its answer.
    expect(printing.sort()).toEqual(['cli/output.ts', 'engine/loadEngine.ts', 'engine/smokeCheck.ts']);
  });

  it('no list is spread into the arguments of a call, which a hundred thousand entries overflow', () => {
    const spread =
      /(Math\.(max|min|hypot)|\.(push|unshift|apply))\((?!\{)(?!.*=> \(?[[{]\s*\.\.\.)[^;{]*\.\.\./;
    const lines = files.flatMap((file) =>
      readFileSync(join(src, file), 'utf8')
        .split('\n')
        .filter((line) => spread.test(line) && !line.trim().startsWith('//'))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(lines).toEqual([]);
  });

  it('tf is imported in one place', () => {
    const importing = files.filter((file) =>
      valueImports(file).some((from) => from.startsWith('@tensorflow/')),
    );
    expect(importing).toEqual([]);
    const requiring = files.filter((file) =>
      readFileSync(join(src, file), 'utf8').includes("require('@tensorflow/"),
    );
    expect(requiring).toEqual(['engine/loadEngine.ts']);
  });
});
