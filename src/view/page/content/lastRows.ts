import { type JoinedRow, lastEpochRows } from '../../../experiment/results/joinRows.ts';
import { meanOverSeeds } from '../../../experiment/results/overSeeds.ts';
import { NO_RUN, type PageData, type SeedsShown, shownRuns } from './pageData.ts';

/**
 * Returns the last row of every layer of the runs that are shown. That of an ensemble has the label of its pooled spectrum; its numbers are
 * means over the last rows of its members, `<column>_sd` their standard deviations.
 */
export function lastRows(data: PageData, seeds: SeedsShown): JoinedRow[] {
  const last = lastEpochRows(data.spectra.map(({ row }) => row));
  return shownRuns(data, seeds).flatMap(({ id, members }) => {
    const own = last.filter((row) => (row.run ?? NO_RUN) === id);
    return members.length === 1 ? own : own.map((row) => ensembleRow(row, members, last));
  });
}

function ensembleRow(pooled: JoinedRow, members: readonly string[], last: readonly JoinedRow[]): JoinedRow {
  const { run, epoch } = pooled;
  const of = last
    .filter((row) => row.layer === pooled.layer && row.run !== null && members.includes(row.run))
    // Members may have ended at different epochs: the mean is over their ends.
    .map((row) => ({ ...row, epoch }));
  const [mean] = meanOverSeeds(of, new Map(members.map((member) => [member, run ?? NO_RUN])));
  const { phase, phase_confidence, phase_ambiguous, phase_runner_up, phase_evidence } = pooled;
  return { ...mean!, phase, phase_confidence, phase_ambiguous, phase_runner_up, phase_evidence };
}
