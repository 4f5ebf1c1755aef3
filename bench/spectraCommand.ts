import { fixed } from '../src/view/terminal/numberText.ts';
import { type Column, formatTable } from '../src/view/terminal/table.ts';
import { type BenchArguments, positiveOption } from './benchArguments.ts';
import { describeMachine, loadPerCore, machineLine } from './machine.ts';
import { peerPython, SPECTRA_PEERS } from './peerEnvironment.ts';
import { benchSpectra, type SpectraCell } from './spectraBench.ts';

/** Measures the analysis and prints its table, or one JSON document. */
export async function benchSpectraCommand(args: BenchArguments): Promise<void> {
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const rounds = positiveOption('--rounds', args.rounds ?? '3', true);
  const python = args.peers === true ? await peerPython(SPECTRA_PEERS, note) : null;
  const machine = describeMachine();
  const load = loadPerCore();
  const cells = await benchSpectra({ rounds, python, onProgress: note });
  if (args.json === true) {
    process.stdout.write(`${JSON.stringify({ machine, load_per_core: load, cells }, null, 2)}\n`);
    return;
  }
  const versions = cells.flatMap(({ phasewatch, peer }) =>
    [phasewatch.versions, peer?.versions ?? []].flat(),
  );
  const lines = [
    machineLine(machine),
    formatTable(COLUMNS, cells),
    ...new Set(versions),
    ...(python === null ? ['no peer: --peers measures WeightWatcher beside'] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

const COLUMNS: Column<SpectraCell>[] = [
  { title: 'analysis', text: ({ task }) => task },
  ...(
    [
      ['seconds', (cell) => fixed(cell.phasewatch.seconds, 3)],
      ['WeightWatcher', (cell) => fixed(cell.peer?.seconds ?? null, 3)],
      ['times as fast', (cell) => fixed(cell.ratio, 1)],
      ['CPU s', (cell) => fixed(cell.phasewatch.cpu_s, 2)],
      ['WeightWatcher', (cell) => fixed(cell.peer?.cpu_s ?? null, 2)],
      ['times as fast', (cell) => fixed(cell.cpu_ratio, 1)],
      ['peak MiB', (cell) => fixed(cell.phasewatch.peak_rss_mib, 0)],
      ['WeightWatcher', (cell) => fixed(cell.peer?.peak_rss_mib ?? null, 0)],
    ] satisfies [string, (cell: SpectraCell) => string][]
  ).map(([title, text]) => ({ title, text, align: 'right' as const })),
];
