import { shortNames } from '../../base/files/shortNames.ts';
import type { ModelSummary } from '../../spectra/modelSummary.ts';
import { fixed, NO_VALUE, significant } from './numberText.ts';
import { type Column, formatTable, wrap } from './table.ts';

const right = { align: 'right' } as const;
const NUMBERS: readonly Column<ModelSummary>[] = [
  {
    title: 'model',
    text: ({ run, epoch, file }) => (run === null ? file : `${run}, epoch ${epoch}`),
    elastic: true,
  },
  { title: 'layers', text: ({ layers }) => String(layers), ...right },
  { title: 'mean alpha', text: ({ alpha }) => fixed(alpha, 2), ...right },
  { title: 'weighted', text: ({ alpha_weighted }) => fixed(alpha_weighted, 2), ...right, dispensable: 1 },
  { title: 'log norm', text: ({ log_norm }) => fixed(log_norm, 2), ...right, dispensable: 2 },
  {
    title: 'log spectral norm',
    text: ({ log_spectral_norm }) => fixed(log_spectral_norm, 2),
    ...right,
    dispensable: 4,
  },
  {
    title: 'log alpha norm',
    text: ({ log_alpha_norm }) => fixed(log_alpha_norm, 2),
    ...right,
    dispensable: 3,
  },
  { title: 'rank loss', text: ({ rank_loss }) => significant(rank_loss), ...right, dispensable: 5 },
];
const COUNTS: readonly Column<ModelSummary>[] = [
  { title: 'phases', text: ({ phases }) => counted(phases) },
  { title: 'warnings', text: ({ warnings }) => counted(warnings), dispensable: 6 },
];

/**
 * Returns a table with a line for each model: means over its layers, its lost ranks, phases and warnings with their numbers; of a single
 * model the last two stand below the line, in full.
 */
export function modelTable(models: readonly ModelSummary[], width: number): string {
  const names = shortNames(models.map(({ file }) => file));
  const named = models.map((model) => ({ ...model, file: names.get(model.file)! }));
  const [only, ...others] = named;
  if (only === undefined || others.length > 0) return formatTable([...NUMBERS, ...COUNTS], named, width);
  const counts = COUNTS.flatMap(({ title, text }) => wrap(`${title}: ${text(only)}`, width));
  return [formatTable(NUMBERS, named, width), ...counts].join('\n');
}

function counted(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${count} ${name}`).join(', ') || NO_VALUE;
}
