import { companyText } from '../src/base/machine/circumstances.ts';
import { loadEngine } from '../src/train/engine/loadEngine.ts';
import { fixed } from '../src/view/terminal/numberText.ts';
import { type Column, formatTable } from '../src/view/terminal/table.ts';
import { type BenchArguments, listOption, percent, positiveOption } from './benchArguments.ts';
import { BENCH_NETWORKS, benchNetwork } from './benchNetworks.ts';
import { describeMachine, loadPerCore, machineLine } from './machine.ts';
import { peerPython, TRAINING_PEERS } from './peerEnvironment.ts';
import {
  benchOverhead,
  benchTraining,
  type OverheadRow,
  type TrainBench,
  type TrainCell,
} from './trainBench.ts';

/** Measures training and prints the tables of docs/notebook/performance.md, or one JSON document. */
export async function benchTrain(args: BenchArguments): Promise<void> {
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const options = {
    networks: listOption('--networks', args.networks ?? BENCH_NETWORKS.join(','), benchNetwork),
    batches: listOption('--batch', args.batch ?? '2,16,128,500', (word) =>
      positiveOption('--batch', word, true),
    ),
    rounds: positiveOption('--rounds', args.rounds ?? '3', true),
    seconds: positiveOption('--seconds', args.seconds ?? '2', false),
    python: args.peers === true ? await peerPython(TRAINING_PEERS, note) : null,
    onProgress: note,
  };
  const machine = describeMachine();
  const load = loadPerCore();
  const bench = await benchTraining(options);
  const overhead = benchOverhead(loadEngine().binding, bench.cells);
  if (args.json === true) {
    process.stdout.write(
      `${JSON.stringify({ machine, load_per_core: load, ...bench, overhead }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(`${machineLine(machine)}\n${report(bench, overhead, load)}\n`);
  }
}

function report(bench: TrainBench, overhead: readonly OverheadRow[], load: number): string {
  const { cells, ratio, cpu_ratio, peak_gflops, bandwidth_gb_per_s } = bench;
  const lines = [
    formatTable(speedColumns(cells), cells),
    '',
    ...(ratio === null
      ? ['no peers: --peers measures Keras and PyTorch beside']
      : [
          `geometric mean of the ratio to the faster peer: ${fixed(ratio, 2)} (of images a CPU second: ${fixed(cpu_ratio, 2)})`,
        ]),
    ...[
      ...new Set(cells.flatMap((cell) => [cell.phasewatch, ...cell.peers]).map(({ versions }) => versions)),
    ],
    `float32 matrix product: ${fixed(peak_gflops, 0)} GFLOP/s; vector update: ${fixed(bandwidth_gb_per_s, 1)} GB/s`,
    'per CPU s: images a second of processor time, all threads. Where other programs share the cores it tells more than img/s, but not',
    'of PyTorch: its threads wait for each other by spinning, so that it is slow and its CPU time is waste there.',
    'CPU, cores, steal: processor time over wall time, cores last worked on, and what the host took, of phasewatch.',
    ...companyLines(cells),
    ...(load > BUSY_LOAD
      ? [
          `Before the start other programs kept ${fixed(load, 1)} processes waiting for each core: do not quote these figures.`,
        ]
      : []),
    '',
    'seconds of an epoch beside its steps',
    formatTable(OVERHEAD_COLUMNS, overhead),
  ];
  return lines.join('\n');
}

/** Names what was measured beside other programs. */
function companyLines(cells: readonly TrainCell[]): string[] {
  return cells.flatMap(({ network, batch, phasewatch, peers }) =>
    [phasewatch, ...peers].flatMap(({ name, circumstances }) => {
      const company = companyText(circumstances, null);
      return company === null ? [] : [`${network}, batch ${batch}, ${name}: do not quote: ${company}`];
    }),
  );
}

function speedColumns(cells: readonly TrainCell[]): Column<TrainCell>[] {
  const right = (title: string, text: (cell: TrainCell) => string): Column<TrainCell> => ({
    title,
    text,
    align: 'right',
  });
  const peers = cells[0]?.peers.map(({ name }) => name) ?? [];
  const speed = (cell: TrainCell, name: string) => cell.peers.find((peer) => peer.name === name)!;
  return [
    { title: 'network', text: ({ network }) => network },
    right('batch', ({ batch }) => String(batch)),
    right('img/s', ({ phasewatch }) => fixed(phasewatch.images_per_s, 0)),
    ...peers.map((name) => right(name, (cell) => fixed(speed(cell, name).images_per_s, 0))),
    right('ratio', (cell) => fixed(cell.ratio, 2)),
    right('CPU', ({ phasewatch }) => fixed(phasewatch.circumstances.cpu_over_wall, 2)),
    right('cores', ({ phasewatch }) => fixed(phasewatch.circumstances.cores_used, 0)),
    right('steal', ({ phasewatch }) => fixed(phasewatch.circumstances.steal_cores, 2)),
    right('per CPU s', ({ phasewatch }) => fixed(phasewatch.images_per_cpu_s, 0)),
    ...peers.map((name) => right(name, (cell) => fixed(speed(cell, name).images_per_cpu_s, 0))),
    right('ratio', (cell) => fixed(cell.cpu_ratio, 2)),
    right('GFLOP/s', ({ gflops }) => fixed(gflops, 0)),
    right('of peak', ({ share_of_peak }) => percent(share_of_peak, 0)),
    right('per CPU s', ({ cpu_share_of_peak }) => percent(cpu_share_of_peak, 0)),
    right('peak MiB', ({ phasewatch }) => fixed(phasewatch.peak_rss_mib, 0)),
  ];
}

/** Load of a core, before anything is measured, from which figures say more about the other programs. */
const BUSY_LOAD = 0.3;

const OVERHEAD_COLUMNS: Column<OverheadRow>[] = [
  { title: 'network', text: ({ network }) => network },
  ...(
    [
      ['batch', (row) => String(row.batch)],
      ['steps', (row) => fixed(row.steps_s, 1)],
      ['shuffling', (row) => fixed(row.shuffling_s, 3)],
      ['feeding', (row) => fixed(row.feeding_s, 3)],
      ['preparing', (row) => fixed(row.preparing_s, 3)],
      ['saving', (row) => fixed(row.saving_s, 3)],
      ['share', (row) => percent(row.share, 1)],
    ] satisfies [string, (row: OverheadRow) => string][]
  ).map(([title, text]) => ({ title, text, align: 'right' as const })),
];
