import type { Argv, CommandModule } from 'yargs';
import { writeReport } from '../view/page/writeReport.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface ReportArgs extends OutputFlags {
  dir: string;
}

/** `report DIR`: one self-contained HTML page on a results folder. */
export const reportCommand: CommandModule<object, ReportArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', { type: 'string', demandOption: true, describe: 'results folder' })
      .example('$0 report results/quick', 'writes results/quick/report.html') as Argv<ReportArgs>,
  handler: (args) => {
    const output = createOutput(args);
    const report = writeReport(args.dir);
    output.document({ report });
    output.print(`Report: ${report}`);
  },
};
