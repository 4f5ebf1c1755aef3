import type { ArgumentsCamelCase, CommandModule } from 'yargs';
import { UserError } from '../base/userError.ts';
import { engineInfo } from '../train/engine/engineInfo.ts';
import type { LocatedEngine } from '../train/engine/engineTypes.ts';
import { installEngine } from '../train/engine/install/installEngine.ts';
import { byteSize } from '../view/terminal/numberText.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { interruptSignal } from './interrupt.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface InstallArgs extends OutputFlags {
  lib: string | undefined;
  official: boolean;
  gpu: boolean;
  cpu: boolean;
  force: boolean;
}

const install: CommandModule<object, InstallArgs> = {
  command: 'install',
  describe: 'fetch TensorFlow and compile its binding into the cache (once a machine)',
  builder: (parser) =>
    parser
      .options({
        gpu: {
          type: 'boolean',
          default: false,
          describe: 'the CUDA build, with its libraries',
        },
        cpu: { type: 'boolean', default: false, describe: 'the CPU build, even where there is a GPU' },
        lib: {
          type: 'string',
          requiresArg: true,
          describe:
            'use the TensorFlow libraries in this folder (libtensorflow, or site-packages/tensorflow)',
        },
        official: {
          type: 'boolean',
          default: false,
          describe: "tfjs-node's own installer: TensorFlow 2.9.1 from its storage host",
        },
        force: { type: 'boolean', default: false, describe: 'install anew even when it is there' },
      })
      .example('$0 engine install', 'the build that fits this machine: CUDA where nvidia-smi answers')
      .example(
        '$0 engine install --lib /opt/libtensorflow',
        'with libraries that are there already',
      ) as never,
  handler: async (args) => {
    if (args.gpu && args.cpu) throw new UserError('--gpu and --cpu must not be given together');
    if (args.official && args.lib !== undefined) {
      throw new UserError('--official and --lib must not be given together');
    }
    const output = createOutput(args);
    const progress = createProgressLine(process.stderr, { quiet: args.quiet });
    const interrupt = interruptSignal(() => progress.log('stopping; what was made so far is removed'));
    try {
      const { engine, installed } = await installEngine({
        ...(args.gpu ? { variant: 'cuda' } : args.cpu ? { variant: 'cpu' } : {}),
        ...(args.lib === undefined ? {} : { lib: args.lib }),
        official: args.official,
        force: args.force,
        signal: interrupt.signal,
        onMessage: (message) => progress.update(`engine: ${message}`),
      });
      progress.clear();
      if (!installed) output.note('the engine was there already; --force installs it anew');
      for (const line of describe(engine)) output.print(line);
      output.document({ installed, ...asDocument(engine) });
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
    } finally {
      progress.clear();
      interrupt.release();
    }
  },
};

const info: CommandModule<object, OutputFlags> = {
  command: 'info',
  describe: 'which engine is in use',
  builder: (parser) => parser.example('$0 engine info --json', 'its folder, versions and hashes') as never,
  handler: (args: ArgumentsCamelCase<OutputFlags>) => {
    const output = createOutput(args);
    const { engine, reason, others } = engineInfo();
    output.document(
      engine === null ? { engine: null, reason, others } : { engine: asDocument(engine), reason, others },
    );
    const found = engine === null ? [`no engine: ${reason}`, 'phasewatch engine install'] : describe(engine);
    for (const line of found) output.print(line);
    for (const other of others) output.print(`also installed: ${other}`);
  },
};

/** `engine install|info`. */
export const engineCommand: CommandModule = {
  command: 'engine',
  describe: 'install or show the native TensorFlow engine',
  builder: (parser) =>
    parser.command(install).command(info).demandCommand(1, 'engine needs an action: install or info'),
  handler: () => {},
};

function describe({ folder, manifest }: LocatedEngine): string[] {
  const files = manifest.files.map(({ file, bytes }) => `${file} (${byteSize(bytes)})`);
  const rows = [
    ['TensorFlow', `${manifest.tensorflow} for ${manifest.variant}`],
    ['from', manifest.origin],
    ['files', files.join(', ')],
    ['binding', `tfjs-node-gpu ${manifest.bindings}, ${manifest.compiler ?? 'ready-made'}`],
    ['installed', manifest.installed_at],
    ['folder', folder],
  ];
  return rows.map(([name, value]) => `${name!.padEnd(11)} ${value}`);
}

function asDocument({ folder, manifest }: LocatedEngine): object {
  return { folder, ...manifest };
}
