import { type Circumstances, companyText } from '../src/base/machine/circumstances.ts';
import { count, fixed, NO_VALUE } from '../src/view/terminal/numberText.ts';
import { type Column, formatTable } from '../src/view/terminal/table.ts';
import { type BenchArguments, listOption, positiveOption } from './benchArguments.ts';
import { type BenchNetwork, benchNetwork } from './benchNetworks.ts';
import { nodeChild } from './benchProcesses.ts';
import { describeMachine, machineLine } from './machine.ts';
import { median } from './statistics.ts';

/** One process that trained for a while. */
interface TrainedProcess extends Omit<Circumstances, 'reason'> {
  images_per_second: number;
  /** What the line of progress says of it. */
  company: string | null;
}

interface ProcessesOfCell {
  network: BenchNetwork;
  batch: number;
  processes: TrainedProcess[];
}

/**
 * Trains in `--rounds` processes one after the other, each anew, and prints how far their speeds part and what the line of progress
 * says of the circumstances. Other programs are whoever else is running: start one beside it to see what it does.
 */
export async function benchProcessesCommand(args: BenchArguments): Promise<void> {
  const rounds = positiveOption('--rounds', args.rounds ?? '20', true);
  const seconds = positiveOption('--seconds', args.seconds ?? '1.5', false);
  const cells: ProcessesOfCell[] = [];
  for (const { network, batch } of listOption('--cells', args.cells ?? DEFAULT_CELLS, cellOf)) {
    const processes: TrainedProcess[] = [];
    for (let round = 0; round < rounds; round++) {
      const trained = await trainOnce(network, batch, seconds);
      process.stderr.write(`${network} b=${batch}: ${count(trained.images_per_second)} img/s\n`);
      processes.push(trained);
    }
    cells.push({ network, batch, processes });
  }
  const machine = describeMachine();
  process.stdout.write(
    args.json === true
      ? `${JSON.stringify({ machine, seconds, cells }, null, 2)}\n`
      : `${machineLine(machine)}\n${formatTable(COLUMNS, cells)}\n`,
  );
}

/** The three cells that two speeds had been seen of. */
const DEFAULT_CELLS = 'lenet5:16,miniAlexNet:2,mlp3:128';

function cellOf(word: string): { network: BenchNetwork; batch: number } {
  const [name, batch = ''] = word.split(':');
  return { network: benchNetwork(name), batch: positiveOption('--cells', batch, true) };
}

async function trainOnce(network: BenchNetwork, batch: number, seconds: number): Promise<TrainedProcess> {
  const child = nodeChild('trainingChild', [network, String(batch)]);
  try {
    await child.ready();
    const { units, wall_s, circumstances } = await child.measure(seconds);
    const { reason: _, ...figures } = circumstances;
    return {
      images_per_second: (units * batch) / wall_s,
      ...figures,
      company: companyText(circumstances, null),
    };
  } finally {
    child.close();
  }
}

const COLUMNS: Column<ProcessesOfCell>[] = [
  { title: 'network', text: ({ network }) => network },
  { title: 'batch', text: ({ batch }) => String(batch), align: 'right' },
  { title: 'processes', text: ({ processes }) => String(processes.length), align: 'right' },
  ...(
    [
      ['img/s', 'images_per_second', count],
      ['CPU', 'cpu_over_wall', (value) => fixed(value, 2)],
      ['cores', 'cores_used', (value) => fixed(value, 0)],
      ['steal', 'steal_cores', (value) => fixed(value, 2)],
      ['others', 'other_cores', (value) => fixed(value, 2)],
    ] satisfies [string, keyof TrainedProcess, (value: number) => string][]
  ).map(([title, key, text]) => ({
    title,
    text: ({ processes }: ProcessesOfCell) => spread(processes, key, text),
    align: 'right' as const,
  })),
  { title: 'said', text: ({ processes }) => sayings(processes), dispensable: 1 },
];

/** The least, the middle and the most. */
function spread(
  processes: readonly TrainedProcess[],
  key: Exclude<keyof TrainedProcess, 'company'>,
  text: (value: number) => string,
): string {
  const values = processes.flatMap((one) => one[key] ?? []);
  if (values.length === 0) return NO_VALUE;
  return [Math.min(...values), median(values), Math.max(...values)].map(text).join(' / ');
}

/** What the line of progress says, and of how many. */
function sayings(processes: readonly TrainedProcess[]): string {
  const counts = new Map<string, number>();
  for (const { company } of processes) {
    const said = company ?? 'nothing';
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  return [...counts].map(([said, times]) => `${times} x ${said}`).join('; ');
}
