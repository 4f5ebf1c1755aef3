import { writeFileAtomic } from '../files/atomicWrite.ts';
import { resultsLayout } from '../results/layout.ts';
import { readResults } from '../results/readResults.ts';
import { buildReport } from './buildReport.ts';

/** Writes report.html of a results folder and returns its path. */
export function writeReport(dir: string): string {
  const { report } = resultsLayout(dir);
  writeFileAtomic(report, buildReport(readResults(dir)));
  return report;
}
