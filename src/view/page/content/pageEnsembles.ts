import { JOINED_COLUMNS, type JoinedRow } from '../../../experiment/results/joinRows.ts';
import { meanOverSeeds } from '../../../experiment/results/overSeeds.ts';
import { ensembleSpectrum } from '../../../spectra/phases/ensembleSpectrum.ts';
import type { PageRun } from './pageRun.ts';
import type { ReportInput } from './reportInput.ts';

/** Runs that differ by seed alone, taken for one: its pooled spectra, with what training gave as means. */
export interface PageEnsemble {
  run: PageRun;
  spectra: readonly { row: JoinedRow; evals: Float64Array }[];
}

/** Returns an ensemble for every group of two runs or more whose eigenvalues are stored; only epochs that all of them have are pooled. */
export function pageEnsembles(
  runs: readonly PageRun[],
  rows: readonly JoinedRow[],
  groups: ReadonlyMap<string, string>,
  esd: ReportInput['esd'],
): PageEnsemble[] {
  return [...new Set(groups.values())].flatMap((group): PageEnsemble[] => {
    const members = runs.filter((run) => run.group === group);
    const [first] = members;
    if (first === undefined || members.length < 2) return [];
    const ids = members.map(({ id }) => id);
    const id = `${group}, ${members.length} seeds`;
    const spectra = pooledSpectra(ids, rows, esd).map(({ row, evals, of }) => {
      const [mean] = meanOverSeeds(of, groups);
      const joined = Object.fromEntries(JOINED_COLUMNS.map(([name]) => [name, mean![name]]));
      return { row: { ...row, ...joined, run: id } as JoinedRow, evals };
    });
    if (spectra.length === 0) return [];
    const lost = members.filter(({ notLearned }) => notLearned !== null);
    const notLearned =
      lost.length === 0 ? null : lost.map((run) => `${run.id}: ${run.notLearned}`).join('; ');
    const run = { id, batchSize: first.batchSize, seed: null, group, members: ids, remark: null, notLearned };
    return [{ run, spectra }];
  });
}

interface Pooled {
  row: ReturnType<typeof ensembleSpectrum>['row'];
  evals: Float64Array;
  of: readonly JoinedRow[];
}

function pooledSpectra(
  ids: readonly string[],
  rows: readonly JoinedRow[],
  esd: ReportInput['esd'],
): Pooled[] {
  const places = new Map<string, JoinedRow[]>();
  const sigmas = new Map<string, number | null>();
  const spectrumOf = ({ run, layer }: JoinedRow): string => JSON.stringify([run, layer]);
  for (const row of rows) {
    if (row.run === null || !ids.includes(row.run)) continue;
    const start = spectrumOf(row);
    if (row.epoch === 0 && !sigmas.has(start)) sigmas.set(start, row.sigma_mp);
    const key = JSON.stringify([row.layer, row.epoch, row.N, row.M]);
    const found = places.get(key);
    if (found === undefined) places.set(key, [row]);
    else found.push(row);
  }
  return [...places.values()].flatMap((of): Pooled[] => {
    if (of.length < ids.length) return [];
    const members = of.flatMap((row) => {
      const evals = esd(row.run, row.epoch, row.layer);
      const initialSigma = row.epoch === 0 ? null : (sigmas.get(spectrumOf(row)) ?? null);
      return evals === null ? [] : [{ row, evals: evals.slice(), initialSigma }];
    });
    return members.length < of.length ? [] : [{ ...ensembleSpectrum(members), of }];
  });
}
