import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import {
  type ComparisonRow,
  compareMetrics,
  comparisonTable,
  POOLED,
  PREDICTORS,
  TARGETS,
} from '../analyze/compare/compareMetrics.ts';
import { CORRELATION_KINDS, MIN_PAIRS } from '../analyze/compare/correlation.ts';
import { unequalFit } from '../analyze/compare/equalFit.ts';
import { finding } from '../analyze/compare/finding.ts';
import { readRuns } from '../analyze/compare/readRuns.ts';
import { largestOf } from '../base/extremes.ts';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { requireWritableFile } from '../base/files/requireWritableFile.ts';
import { csvText } from '../experiment/results/csvFiles.ts';
import { type JoinedRow, joinedLabel } from '../experiment/results/joinRows.ts';
import { type MeanRow, meanOverSeeds } from '../experiment/results/overSeeds.ts';
import { comparedByEpochFigures, compareFigures } from '../view/figures/compareFigures.ts';
import { fixed, NO_VALUE } from '../view/terminal/numberText.ts';
import { type Column, formatTable } from '../view/terminal/table.ts';
import { writeFigures } from '../view/writeFigures.ts';
import { share, wholeNumber } from './optionValues.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface CompareArgs extends OutputFlags {
  dirs: string[];
  out: string | undefined;
  vary: string;
  trainAccuracy: number | undefined;
  resamples: number;
  seed: number;
}

const LEVEL = 0.95;

/** `compare DIR...`: generalization gap and test error against alpha and the other measures. */
export const compareCommand: CommandModule<object, CompareArgs> = {
  builder: (parser) =>
    parser
      .positional('dirs', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'results folders; their runs are taken together',
      })
      .options({
        out: {
          type: 'string',
          requiresArg: true,
          describe: 'folder to write to (default: compare/ in the first DIR)',
        },
        vary: {
          type: 'string',
          default: 'batchSize',
          requiresArg: true,
          describe:
            'config key that differs within a group; runs of a group are alike in all others but the seed',
        },
        'train-accuracy': {
          requiresArg: true,
          coerce: share('--train-accuracy'),
          describe:
            'take each run where its training accuracy, as the gap has it, first passes this, between two epochs in proportion, not at its last epoch',
        },
        resamples: {
          default: 1000,
          requiresArg: true,
          coerce: wholeNumber('--resamples'),
          describe: 'bootstrap resamples of each interval',
        },
        seed: {
          default: 0,
          requiresArg: true,
          coerce: wholeNumber('--seed', 0),
          describe: 'seed of the resamples',
        },
      })
      .example('$0 compare results/quick', 'gap and test error against alpha, soft rank, ...')
      .example('$0 compare results/quick --train-accuracy 0.9', 'runs that have fitted equally much')
      .example(
        '$0 compare results/a results/b --vary learningRate',
        'two sweeps, groups along the learning rate',
      ) as unknown as Argv<CompareArgs>,
  handler: async (args) => {
    const output = createOutput(args);
    const { rows, epochs, leftOut, groupOf, warnings, seedGroups } = readRuns(
      args.dirs,
      args.vary,
      args.trainAccuracy ?? null,
    );
    const out = args.out ?? join(args.dirs[0]!, 'compare');
    requireWritableFile(join(out, 'compare.csv'));
    const comparisons = compareMetrics(rows, groupOf, {
      seed: args.seed,
      resamples: args.resamples,
      level: LEVEL,
    });
    const table = comparisonTable(comparisons);
    writeFileAtomic(join(out, 'compare.csv'), csvText(table, Object.keys(table[0]!)));
    const { figures, pngMissing } = await writeFigures(out, [
      ...compareFigures(rows, comparisons),
      ...comparedByEpochFigures(epochs, seedGroups),
    ]);
    if (pngMissing !== null) output.note(`note: no PNG files: ${pngMissing}`);
    const warning = unequalFit(rows);
    const found = finding(comparisons, { unequalFit: warning !== null });
    output.document({
      out,
      level: LEVEL,
      vary: args.vary,
      train_accuracy: args.trainAccuracy ?? null,
      left_out: leftOut,
      warning,
      warnings,
      found,
      comparisons: table,
      figures,
    });
    const seeds = spreadTable(rows, seedGroups, output.width);
    if (seeds !== null) output.block(seeds);
    for (const text of describe(comparisons, output.width)) output.block(text);
    for (const one of warnings) output.print(`warning: ${one}`);
    if (warning !== null) output.print(`warning: ${warning}`);
    if (leftOut.length > 0) {
      output.print(
        `left out, their training accuracy stays below ${args.trainAccuracy}: ${leftOut.join(', ')}`,
      );
    }
    output.print(`Kendall, Pearson and all intervals: ${join(out, 'compare.csv')}`);
    output.print(found);
  },
};

/** Means over seeds of what is compared, a line a setting and layer; null where every setting has one seed. */
function spreadTable(
  rows: readonly JoinedRow[],
  groups: ReadonlyMap<string, string>,
  width: number,
): string | null {
  const means = meanOverSeeds(rows, groups);
  if (means.every(({ seeds }) => seeds < 2)) return null;
  const shown = (
    column: 'gap' | 'test_error' | 'alpha' | 'stable_rank',
    digits: number,
  ): Column<MeanRow> => ({
    title: joinedLabel(column),
    text: (row) => {
      const sd = row[`${column}_sd`];
      return fixed(row[column], digits) + (typeof sd === 'number' ? `±${sd.toFixed(digits)}` : '');
    },
    align: 'right',
  });
  const columns: Column<MeanRow>[] = [
    { title: 'setting', text: ({ run }) => run ?? NO_VALUE, elastic: true },
    { title: 'seeds', text: ({ seeds }) => String(seeds), align: 'right' },
    { title: 'layer', text: ({ layer }) => layer },
    { ...shown('gap', 4), title: 'gap' },
    shown('test_error', 4),
    shown('alpha', 2),
    { ...shown('stable_rank', 1), dispensable: 1 },
  ];
  return `Means over seeds, with standard deviations:\n${formatTable(columns, means, width)}\n`;
}

interface Line {
  predictor: string;
  cells: Map<string, ComparisonRow>;
}

/** A table a target and group: predictors down, layers across, Spearman's rho with its interval in the cells. */
function describe(comparisons: readonly ComparisonRow[], width: number): string[] {
  const layers = [...new Set(comparisons.map((row) => row.layer))];
  const groups = [...new Set(comparisons.map((row) => row.group))].sort(
    (a, b) => Number(b === POOLED) - Number(a === POOLED),
  );
  const columns: Column<Line>[] = [
    { title: 'predictor', text: (line) => line.predictor },
    ...layers.map(
      (layer): Column<Line> => ({ title: layer, text: ({ cells }) => cellText(cells.get(layer)) }),
    ),
  ];
  const texts: string[] = [];
  for (const target of TARGETS) {
    for (const group of groups) {
      const rows = comparisons.filter((row) => row.target === target && row.group === group);
      const most = largestOf(rows.map((row) => row.runs));
      if (group !== POOLED && most < MIN_PAIRS) continue;
      const lines = PREDICTORS.map((predictor) => ({
        predictor,
        cells: new Map(rows.filter((row) => row.predictor === predictor).map((row) => [row.layer, row])),
      }));
      texts.push(
        `${joinedLabel(target)}, ${group} (${most} runs): Spearman [${100 * LEVEL} % interval]`,
        rows.every((row) => CORRELATION_KINDS.every((kind) => row.correlation[kind] === null))
          ? 'too few runs, or none that vary'
          : formatTable(columns, lines, width),
        '',
      );
    }
  }
  const small = groups.filter((group) =>
    comparisons.every((row) => row.group !== group || row.runs < MIN_PAIRS),
  );
  if (small.length > 0) {
    texts.push(`Groups of fewer than ${MIN_PAIRS} runs have no coefficient: ${small.join('; ')}`);
  }
  const warnings = comparisons.filter((row) => row.warning !== null);
  for (const row of warnings) {
    texts.push(`warning: ${joinedLabel(row.target)} against ${row.predictor}, ${row.layer}: ${row.warning}`);
  }
  return texts;
}

function cellText(row: ComparisonRow | undefined): string {
  if (row === undefined || row.correlation.spearman === null) return NO_VALUE;
  const interval = row.interval.spearman;
  const range = interval === null ? '' : ` [${fixed(interval.low, 2)}, ${fixed(interval.high, 2)}]`;
  return `${fixed(row.correlation.spearman, 2)}${range}${row.warning === null ? '' : ' !'}`;
}
