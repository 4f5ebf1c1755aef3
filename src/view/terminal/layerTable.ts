import { shortNames } from '../../base/files/shortNames.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { fixed, NO_VALUE, significant } from './numberText.ts';
import { type Column, formatTable } from './table.ts';

type Row = SpectrumRow & { file: string };

const right = { align: 'right' } as const;
const COLUMNS: readonly Column<Row>[] = [
  { title: 'file', text: ({ file }) => file, elastic: true },
  { title: 'run', text: ({ run }) => run ?? NO_VALUE, dispensable: 7 },
  { title: 'epoch', text: ({ epoch }) => significant(epoch), ...right, dispensable: 6 },
  { title: 'layer', text: ({ layer }) => layer, elastic: true },
  { title: 'N x M', text: ({ N, M }) => `${N} x ${M}`, ...right, dispensable: 4 },
  { title: 'alpha', text: ({ alpha }) => fixed(alpha, 2), ...right },
  { title: 'D', text: ({ D }) => fixed(D, 3), ...right, dispensable: 5 },
  { title: 'lambda_max', text: lambdaMaxText, ...right, dispensable: 3 },
  { title: 'stable rank', text: (row) => significant(row.stable_rank), ...right, dispensable: 2 },
  { title: 'soft rank', text: (row) => fixed(row.mp_softrank, 3), ...right, dispensable: 1 },
  { title: 'spikes', text: (row) => significant(row.num_spikes), ...right },
  { title: 'traps', text: (row) => significant(row.num_traps ?? null), ...right },
  {
    title: 'phase',
    text: ({ phase, phase_ambiguous, phase_runner_up }) =>
      phase === null ? NO_VALUE : phase_ambiguous === true ? `${phase} (or ${phase_runner_up})` : phase,
  },
  { title: 'warning', text: ({ warning }) => warning ?? '', dispensable: 5 },
];

/** Beyond the range of float64 only the logarithm of lambda_max is that of W. */
function lambdaMaxText({ lambda_max, log_spectral_norm, scale_exponent }: Row): string {
  if (typeof scale_exponent !== 'number' || log_spectral_norm === null) return significant(lambda_max);
  const exponent = Math.floor(log_spectral_norm);
  return `${significant(10 ** (log_spectral_norm - exponent))}e${exponent < 0 ? '' : '+'}${exponent}`;
}

/** Returns the table of analyzed layers; file, run and epoch only where they tell rows apart, traps where copies were looked at. */
export function layerTable(rows: Iterable<Row>, width: number): string {
  const shown: Record<string, boolean> = {
    file: false,
    run: false,
    epoch: false,
    warning: false,
    traps: false,
  };
  const files = new Set<string>();
  let first: string | null = null;
  for (const { file, run, epoch, warning, num_traps } of rows) {
    files.add(file);
    first ??= file;
    shown.file ||= run === null && file !== first;
    shown.run ||= run !== null;
    shown.epoch ||= epoch !== null;
    shown.warning ||= (warning ?? null) !== null;
    shown.traps ||= typeof num_traps === 'number';
  }
  const names = shortNames([...files]);
  const columns = COLUMNS.filter(({ title }) => shown[title] ?? true).map((column) =>
    column.title === 'file' ? { ...column, text: ({ file }: Row) => names.get(file)! } : column,
  );
  return formatTable(columns, rows, width);
}
