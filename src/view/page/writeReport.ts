import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { resultsLayout } from '../../experiment/results/layout.ts';
import { readResults } from '../../experiment/results/readResults.ts';
import { buildReport } from './buildReport.ts';

/**
 * Writes report.html of a results folder and returns its path. Files that cannot be read are told to `onDamage` and named on the page, which
 * has what the others hold.
 */
export function writeReport(dir: string, onDamage: (message: string) => void): string {
  const { report } = resultsLayout(dir);
  const damage: string[] = [];
  const results = readResults(dir, (_, error) => {
    damage.push(error.message);
    onDamage(error.message);
  });
  writeFileAtomic(report, buildReport({ ...results, damage }));
  return report;
}
