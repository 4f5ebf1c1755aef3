import { parseArgs } from 'node:util';
import { UserError } from '../src/base/userError.ts';

const USAGE = `npm run bench -- train [--networks lenet5,miniAlexNet,mlp3] [--batch 2,16,128,500] [--peers] [--rounds 3] [--seconds 2] [--json]
npm run bench -- spectra [--peers] [--rounds 3] [--json]
npm run bench -- processes [--cells lenet5:16,miniAlexNet:2,mlp3:128] [--rounds 20] [--seconds 1.5] [--json]`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      networks: { type: 'string' },
      batch: { type: 'string' },
      cells: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      peers: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [what = 'train', ...rest] = positionals;
  if (values.help) process.stdout.write(`${USAGE}\n`);
  else if (rest.length > 0) throw new UserError(`unexpected argument: ${rest[0]}`, USAGE);
  else if (what === 'train') await (await import('./trainCommand.ts')).benchTrain(values);
  else if (what === 'spectra') await (await import('./spectraCommand.ts')).benchSpectraCommand(values);
  else if (what === 'processes') await (await import('./processesCommand.ts')).benchProcessesCommand(values);
  else throw new UserError(`unknown benchmark: ${what} (known: train, spectra, processes)`, USAGE);
} catch (error) {
  const wrongOption =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof UserError || wrongOption)) throw error;
  const { message } = error as Error;
  const remedy = error instanceof UserError ? error.remedy : USAGE;
  process.stderr.write(`bench: ${message}\n${remedy === undefined ? '' : `${remedy}\n`}`);
  process.exitCode = 2;
}
