import type { CommandModule } from 'yargs';
import { writeFileAtomic } from '../files/atomicWrite.ts';
import { buildReport } from '../report/buildReport.ts';
import { resultsLayout } from '../results/layout.ts';
import { readResults } from '../results/readResults.ts';

interface ReportArguments {
  dir: string;
  json?: boolean | undefined;
  quiet?: boolean | undefined;
}

/** Writes report.html of a results folder and returns its path. */
export function writeReport(dir: string): string {
  const { report } = resultsLayout(dir);
  writeFileAtomic(report, buildReport(readResults(dir)));
  return report;
}

export const reportCommand: CommandModule<object, ReportArguments> = {
  command: 'report <dir>',
  describe: 'Write report.html of a results folder: one self-contained page',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', demandOption: true, describe: 'results folder' })
      .option('json', { type: 'boolean', describe: 'print one JSON document' })
      .option('quiet', { type: 'boolean', describe: 'print nothing' })
      .example('$0 report results/quick', 'writes results/quick/report.html'),
  handler: ({ dir, json, quiet }) => {
    const report = writeReport(dir);
    if (json) process.stdout.write(`${JSON.stringify({ report })}\n`);
    else if (!quiet) process.stdout.write(`${report}\n`);
  },
};
