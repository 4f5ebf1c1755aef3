import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { resultsLayout } from '../../experiment/results/layout.ts';
import { readResults } from '../../experiment/results/readResults.ts';
import { buildReport } from './buildReport.ts';

/** Writes report.html of a results folder and returns its path. */
export function writeReport(dir: string): string {
  const { report } = resultsLayout(dir);
  writeFileAtomic(report, buildReport(readResults(dir)));
  return report;
}
