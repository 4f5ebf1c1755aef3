import type { ProofSpeed } from '../run/proof/proof.ts';
import { proveGpu } from '../run/proof/proveGpu.ts';
import { count, duration, fixed } from '../view/terminal/numberText.ts';
import { type Column, formatTable } from '../view/terminal/table.ts';
import { interruptSignal } from './interrupt.ts';
import type { Output, OutputFlags } from './output.ts';
import { PROGRAM } from './program.ts';

const EXIT_DOES_NOT_HOLD = 1;

/** Proves training on a device, prints each statement as it is found, then the speeds, and sets the exit code. */
export async function printGpuProof(device: string, { json }: OutputFlags, output: Output): Promise<void> {
  const interrupt = interruptSignal(() => output.note('interrupted'));
  try {
    const proof = await proveGpu({
      device,
      program: PROGRAM,
      signal: interrupt.signal,
      onPart: (part) => output.note(`... ${part}`),
      onCheck: ({ name, holds, found }) => {
        const line = `${(holds ? 'holds' : 'FAILS').padEnd(8)}${name}: ${found}`;
        if (json) output.note(line);
        else output.print(line);
      },
      onSpeed: ({ network, batch, way, images_per_second: speed, reason }) =>
        output.note(
          `${network}, batch ${batch}, ${way}: ${speed === null ? reason : `${count(speed)} img/s`}`,
        ),
    });
    output.document(proof);
    output.print('');
    output.block(formatTable(COLUMNS, proof.speeds, output.width));
    output.print('');
    output.print(
      `${proof.holds ? 'All of it holds' : 'Not all of it holds: see FAILS above'} (${device}, ${duration(proof.seconds)})`,
    );
    if (!proof.holds) process.exitCode = EXIT_DOES_NOT_HOLD;
  } finally {
    interrupt.release();
  }
}

const COLUMNS: readonly Column<ProofSpeed>[] = [
  { title: 'network', text: ({ network }) => network },
  { title: 'batch', text: ({ batch }) => String(batch), align: 'right' },
  { title: 'how', text: ({ way }) => way },
  {
    title: 'img/s',
    text: ({ images_per_second: speed }) => (speed === null ? '-' : count(speed)),
    align: 'right',
  },
  { title: 'ready after s', text: ({ preparing_s }) => fixed(preparing_s, 1), align: 'right' },
  { title: 'why not', text: ({ reason }) => reason ?? '', dispensable: 1 },
];
