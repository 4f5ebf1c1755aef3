import type { CommandModule } from 'yargs';
import { checkMachine, isReady, type MachineCheck } from '../train/engine/install/checkMachine.ts';
import { createOutput, type OutputFlags } from './output.ts';

const EXIT_NOT_READY = 2;
const MARKS: Readonly<Record<MachineCheck['status'], string>> = {
  ok: 'ok',
  missing: 'MISSING',
  note: 'note',
};

/** `doctor`: what this machine has of what is needed. */
export const doctorCommand: CommandModule<object, OutputFlags> = {
  command: 'doctor',
  describe: 'what this machine has of what is needed, and how to mend the rest',
  builder: (parser) => parser.example('$0 doctor', 'exit code 2 when something needed is missing') as never,
  handler: async (args) => {
    const output = createOutput(args);
    const checks = await checkMachine();
    const ready = isReady(checks);
    output.document({ ready, checks });
    for (const { name, status, found, remedy } of checks) {
      output.print(`${MARKS[status].padEnd(8)}${name.padEnd(14)}${found}`);
      if (remedy !== null) output.print(`${' '.repeat(22)}${remedy}`);
    }
    output.print(ready ? 'ready' : 'not ready: see MISSING above');
    if (!ready) process.exitCode = EXIT_NOT_READY;
  },
};
