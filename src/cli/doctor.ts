import type { Argv, CommandModule } from 'yargs';
import { UserError } from '../base/userError.ts';
import { checkMachine, isReady, type MachineCheck } from '../train/engine/install/checkMachine.ts';
import { deviceOption } from './optionValues.ts';
import { createOutput, type Output, type OutputFlags } from './output.ts';
import { printGpuProof } from './printGpuProof.ts';

interface DoctorArgs extends OutputFlags {
  'gpu-proof': boolean;
  device: string | undefined;
}

const EXIT_NOT_READY = 2;
const MARKS: Readonly<Record<MachineCheck['status'], string>> = {
  ok: 'ok',
  missing: 'MISSING',
  note: 'note',
};

/** `doctor`: what this machine has of what is needed, or whether training on its GPU is right. */
export const doctorCommand: CommandModule<object, DoctorArgs> = {
  command: 'doctor',
  describe: 'what this machine has of what is needed, and how to mend the rest',
  builder: (parser) =>
    parser
      .option('gpu-proof', {
        type: 'boolean',
        default: false,
        describe: 'train on the GPU beside the CPU and tell whether it is right and how fast (ten minutes)',
      })
      .option('device', { ...deviceOption, describe: 'what --gpu-proof tries: cpu or gpu:N [gpu:0]' })
      .example('$0 doctor', 'exit code 2 when something needed is missing')
      .example(
        '$0 doctor --gpu-proof --json > gpu-proof.json',
        'a document to attach; exit code 1 when something does not hold',
      ) as unknown as Argv<DoctorArgs>,
  handler: async (args) => {
    const output = createOutput(args);
    if (args['gpu-proof']) return printGpuProof(args.device ?? 'gpu:0', args, output);
    if (args.device !== undefined) throw new UserError('--device must come with --gpu-proof, got it alone');
    await printMachine(output);
  },
};

async function printMachine(output: Output): Promise<void> {
  const checks = await checkMachine();
  const ready = isReady(checks);
  output.document({ ready, checks });
  for (const { name, status, found, remedy } of checks) {
    output.print(`${MARKS[status].padEnd(8)}${name.padEnd(14)}${found}`);
    if (remedy !== null) output.print(`${' '.repeat(22)}${remedy}`);
  }
  output.print(ready ? 'ready' : 'not ready: see MISSING above');
  if (!ready) process.exitCode = EXIT_NOT_READY;
}
