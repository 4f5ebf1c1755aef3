import { loadExperiment } from '../experiment/sweep/loadExperiment.ts';
import { SCALES } from '../paper/experimentFile.ts';
import type { Reproduction } from '../paper/registry.ts';
import type { ReproducedNumber } from '../paper/reproducedNumbers.ts';
import { NO_VALUE, significant } from '../view/terminal/numberText.ts';
import { type Column, formatTable } from '../view/terminal/table.ts';
import type { Output } from './output.ts';

/** Prints the experiments and what each costs at every scale. */
export function printExperiments(experiments: readonly Reproduction[], output: Output): void {
  const columns: Column<Reproduction>[] = [
    { title: 'experiment', text: ({ name }) => name },
    ...SCALES.map(
      (scale): Column<Reproduction> => ({ title: scale, text: (one) => one.settings(scale).cost }),
    ),
    { title: 'what', text: ({ title }) => title },
    { title: 'paper', text: ({ paper }) => paper, dispensable: 1 },
  ];
  output.block(formatTable(columns, experiments, output.width));
  output.print('');
  output.print(
    'Costs are of two CPU cores: phasewatch reproduce EXPERIMENT --scale quick, or all for every one that needs no weights files.',
  );
  output.document({
    experiments: experiments.map((one) => ({
      name: one.name,
      title: one.title,
      paper: one.paper,
      needs: needs(one),
      cost: Object.fromEntries(SCALES.map((scale) => [scale, one.settings(scale).cost])),
    })),
  });
}

/** Prints every number beside the authors', then what was cut and why numbers may differ, each reason once with its numbers. */
export function printNumbers(numbers: readonly ReproducedNumber[], cut: string | null, output: Output): void {
  output.block(formatTable(COLUMNS, numbers, output.width));
  const judged = numbers.filter(({ within }) => within !== null);
  output.print('');
  output.print(
    `${judged.filter(({ within }) => within).length} of ${judged.length} numbers within tolerance.`,
  );
  if (cut !== null) output.print(`Cut by the scale: ${cut}.`);
  output.print('Why numbers may differ:');
  for (const [why, names] of reasons(numbers)) output.print(`  ${[...names].join('; ')}: ${why}`);
}

/** Returns each reason with the numbers it stands for, those of several epochs or rows of a table as one. */
function reasons(numbers: readonly ReproducedNumber[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { number, why } of numbers) {
    const name = number.replace(/, (\w+=[^,]*|epoch \d+)$/, '');
    found.set(why, (found.get(why) ?? new Set()).add(name));
  }
  return found;
}

const value = (what: number | string | null): string => (typeof what === 'string' ? what : significant(what));

const COLUMNS: readonly Column<ReproducedNumber>[] = [
  { title: 'number', text: ({ number }) => number },
  { title: 'authors', text: ({ authors }) => value(authors), align: 'right' },
  { title: 'others', text: ({ third_party }) => value(third_party), align: 'right', dispensable: 1 },
  { title: 'here', text: ({ here }) => value(here), align: 'right' },
  {
    title: 'sd',
    text: ({ here_sd }) => (here_sd === null ? NO_VALUE : String(Number(here_sd.toPrecision(2)))),
    align: 'right',
    dispensable: 4,
  },
  { title: 'difference', text: ({ difference }) => significant(difference), align: 'right' },
  { title: 'tolerance', text: ({ tolerance }) => significant(tolerance), align: 'right', dispensable: 2 },
  { title: 'within', text: ({ within }) => (within === null ? NO_VALUE : within ? 'yes' : 'no') },
  {
    title: 'runs',
    text: ({ runs }) => (runs === null ? NO_VALUE : String(runs)),
    align: 'right',
    dispensable: 3,
  },
];

function needs({ calculates, configPath }: Reproduction): string | null {
  if (calculates === 'pretrained') return 'weights files';
  return configPath === null ? null : loadExperiment(configPath).runs[0]!.config.dataset;
}
