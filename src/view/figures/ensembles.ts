import { JOINED_COLUMNS, type JoinedRow } from '../../experiment/results/joinRows.ts';
import { meanOverSeeds } from '../../experiment/results/overSeeds.ts';
import { ensembleSpectrum } from '../../spectra/phases/ensembleSpectrum.ts';

/** Runs that differ by seed alone, taken for one: its pooled spectra, with what training gave as means. */
export interface Ensemble {
  /** What it is called: its group, and how many they are. */
  id: string;
  group: string;
  members: readonly string[];
  spectra: readonly { row: JoinedRow; evals: Float64Array }[];
}

/** Pools spectra; another than `ensembleSpectrum` may remember what it has pooled before. */
export type PoolSpectra = typeof ensembleSpectrum;

type ReadEsd = (run: string | null, epoch: number | null, layer: string) => Float64Array | null;

/**
 * Returns an ensemble for every group of two runs or more whose eigenvalues are stored; only epochs that all of them have are pooled.
 * `groups` has the group of every run.
 */
export function ensemblesOf(
  groups: ReadonlyMap<string, string>,
  rows: readonly JoinedRow[],
  esd: ReadEsd,
  pool: PoolSpectra = ensembleSpectrum,
): Ensemble[] {
  return [...new Set(groups.values())].flatMap((group): Ensemble[] => {
    const members = [...groups].flatMap(([run, its]) => (its === group ? [run] : []));
    if (members.length < 2) return [];
    const id = `${group}, ${members.length} seeds`;
    const spectra = pooledSpectra(members, rows, esd, pool).map(({ row, evals, of }) => {
      const [mean] = meanOverSeeds(of, groups);
      const joined = Object.fromEntries(JOINED_COLUMNS.map(([name]) => [name, mean![name]]));
      // Of pooled eigenvalues it would be above the number of columns: the rank of no matrix.
      const { stable_rank } = mean!;
      return { row: { ...row, ...joined, stable_rank, run: id } as JoinedRow, evals };
    });
    return spectra.length === 0 ? [] : [{ id, group, members, spectra }];
  });
}

interface Pooled {
  row: ReturnType<PoolSpectra>['row'];
  evals: Float64Array;
  of: readonly JoinedRow[];
}

function pooledSpectra(
  ids: readonly string[],
  rows: readonly JoinedRow[],
  esd: ReadEsd,
  pool: PoolSpectra,
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
  const members = new Map<JoinedRow, { row: JoinedRow; evals: Float64Array; initialSigma: number | null }>();
  // Run by run: the reader holds the eigenvalues of one run at a time.
  for (const row of [...places.values()].flat().sort((a, b) => ids.indexOf(a.run!) - ids.indexOf(b.run!))) {
    const evals = esd(row.run, row.epoch, row.layer);
    const initialSigma = row.epoch === 0 ? null : (sigmas.get(spectrumOf(row)) ?? null);
    if (evals !== null) members.set(row, { row, evals: evals.slice(), initialSigma });
  }
  return [...places.values()].flatMap((of): Pooled[] => {
    const whole = of.flatMap((row) => members.get(row) ?? []);
    return of.length < ids.length || whole.length < of.length ? [] : [{ ...pool(whole), of }];
  });
}
