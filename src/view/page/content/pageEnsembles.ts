import type { JoinedRow } from '../../../experiment/results/joinRows.ts';
import { ensemblesOf, type PoolSpectra } from '../../figures/ensembles.ts';
import type { PageRun } from './pageRun.ts';
import type { ReportInput } from './reportInput.ts';

/** An ensemble as a run of the page. */
export interface PageEnsemble {
  run: PageRun;
  spectra: readonly { row: JoinedRow; evals: Float64Array }[];
}

/** Returns the ensembles of runs that differ by seed alone, each as a run of the page. */
export function pageEnsembles(
  runs: readonly PageRun[],
  rows: readonly JoinedRow[],
  esd: ReportInput['esd'],
  pool?: PoolSpectra,
): PageEnsemble[] {
  const groups = new Map(runs.map(({ id, group }) => [id, group]));
  return ensemblesOf(groups, rows, esd, pool).map(({ id, group, members: ids, spectra }) => {
    const members = runs.filter((run) => ids.includes(run.id));
    const lost = members.filter(({ notLearned }) => notLearned !== null);
    const notLearned =
      lost.length === 0 ? null : lost.map((run) => `${run.id}: ${run.notLearned}`).join('; ');
    const { batchSize } = members[0]!;
    return { run: { id, batchSize, seed: null, group, members: ids, remark: null, notLearned }, spectra };
  });
}
