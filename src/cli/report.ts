import type { Argv, CommandModule } from 'yargs';
import { writeReport } from '../view/page/writeReport.ts';
import { createOutput, type OutputFlags } from './output.ts';

const EXIT_DAMAGED = 1;

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
    const damage: string[] = [];
    const report = writeReport(args.dir, (message) => damage.push(message));
    output.document({ report, damage });
    for (const line of damage) output.note(`damaged: ${line}`);
    output.print(`Report: ${report}`);
    if (damage.length > 0) process.exitCode = EXIT_DAMAGED;
  },
};
