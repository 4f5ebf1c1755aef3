import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../base/canonicalJson.ts';
import { CHECKSUMS_FILE } from '../base/files/checksums.ts';
import { refuseNewerFormat } from '../base/files/formatVersion.ts';
import { openSafetensors, type Tensor, writeSafetensors } from '../base/safetensors/safetensors.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { readSpectraCsv, writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import { readOrElse } from '../experiment/results/damage.ts';
import { esdKey, type ResultsLayout } from '../experiment/results/layout.ts';
import type { RowSettings } from '../experiment/results/rowSettings.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { ANALYSIS_VERSION } from './analyzeLayer.ts';

/** The spectra of one run: its rows, its eigenvalues by esdKey, and the SHA-256 of the snapshot each epoch's come from. */
export interface RunSpectra {
  rows: SpectrumRow[];
  eigenvalues: Map<string, Tensor>;
  sources: Record<string, string>;
}

/** Those of the files; `current` when they were analyzed in the way asked for now. */
export interface KnownSpectra extends RunSpectra {
  current: boolean;
  /** Epochs of which rows or eigenvalues are missing, and why where a file cannot be read. */
  broken: number[];
  damage: string | null;
}

/** Stands before the SHA-256 of a snapshot that was gone when the others were analyzed anew: if it comes back it is analyzed again. */
export const EARLIER = 'earlier analysis of ';

const ESD_FORMAT = 'phasewatch esd 1';

/** Returns the rows of spectra.csv, and what is wrong with it where it cannot be read: it is then computed again. */
export function readRows(path: string): { rows: readonly SpectrumRow[]; damage: string | null } {
  let damage: string | null = null;
  const read = (): SpectrumRow[] => (existsSync(path) ? readSpectraCsv(path) : []);
  const rows = readOrElse(path, read, [], (_, error) => {
    damage = error.message;
  });
  return { rows, damage };
}

/**
 * Returns the spectra of a run that the files have, `earlier` being the rows of spectra.csv and `key` the analysis asked for now. Throws
 * UserError for those of a newer version.
 */
export function readRunSpectra(
  layout: ResultsLayout,
  run: string,
  key: string,
  earlier: ReturnType<typeof readRows>,
): KnownSpectra {
  const path = layout.esd(run);
  let { damage } = earlier;
  const stored = readOrElse(
    path,
    () => readEigenvalues(path),
    NO_EIGENVALUES,
    (_, error) => {
      damage = error.message;
    },
  );
  refuseNewerFormat(path, stored.format, ESD_FORMAT);
  refuseNewerFormat(path, stored.analysis, ANALYSIS_VERSION);
  const rows = earlier.rows.filter((row) => row.run === run);
  const sources = Object.entries(stored.sources);
  const seen = new Set([...sources.map(([epoch]) => Number(epoch)), ...rows.map(({ epoch }) => epoch!)]);
  const whole = new Set([...seen].filter((epoch) => isWhole(epoch, rows, stored)));
  return {
    rows,
    eigenvalues: stored.eigenvalues,
    sources: Object.fromEntries(sources.filter(([epoch]) => whole.has(Number(epoch)))),
    current: stored.analysis === null || stored.analysis === key,
    broken: [...seen].filter((epoch) => !whole.has(epoch)).sort((a, b) => a - b),
    damage,
  };
}

type StoredEigenvalues = Pick<RunSpectra, 'eigenvalues' | 'sources'> & {
  format: string | null;
  analysis: string | null;
};
const NO_EIGENVALUES: StoredEigenvalues = {
  eigenvalues: new Map(),
  sources: {},
  format: null,
  analysis: null,
};

function readEigenvalues(path: string): StoredEigenvalues {
  if (!existsSync(path)) return NO_EIGENVALUES;
  const file = openSafetensors(path);
  try {
    const { format = null, analysis = null, sources = '{}' } = file.metadata;
    if (format !== ESD_FORMAT) return { ...NO_EIGENVALUES, format };
    return {
      format,
      eigenvalues: new Map(file.names.map((name) => [name, file.read(name)])),
      sources: JSON.parse(sources),
      analysis,
    };
  } finally {
    file.close();
  }
}

/** An epoch has its snapshot's checksum, and as many rows as spectra, each of the layer of one. */
function isWhole(
  epoch: number,
  rows: readonly SpectrumRow[],
  { eigenvalues, sources }: StoredEigenvalues,
): boolean {
  const layers = rows.filter((row) => row.epoch === epoch).map(({ layer }) => layer);
  const spectra = [...eigenvalues.keys()].filter((key) => key.startsWith(esdKey(epoch, '')));
  return (
    epoch in sources &&
    layers.length === spectra.length &&
    layers.every((layer) => eigenvalues.has(esdKey(epoch, layer)))
  );
}

/**
 * Writes the spectra of one run, and with them spectra.csv, whose rows are given. The list of checksums is no longer true from here on, and
 * goes; the rows come first: eigenvalues without rows are analyzed again, rows of other weights than the sources say would be wrong.
 */
export function storeRunSpectra(
  layout: ResultsLayout,
  run: string,
  { eigenvalues, sources }: RunSpectra,
  key: string,
  { rows, settings }: { rows: readonly SpectrumRow[]; settings: RowSettings },
): void {
  rmSync(join(layout.dir, CHECKSUMS_FILE), { force: true });
  writeSpectraCsv(layout.spectra, rows, ['run', ...settings.columns]);
  writeSafetensors(layout.esd(run), eigenvalues, {
    format: ESD_FORMAT,
    analysis: key,
    sources: JSON.stringify(sources),
  });
}

/**
 * Returns what stands in an esd file for the way it was analyzed; `selection` says which layers were taken and how, empty for all as they
 * come.
 */
export function analysisKey(analysis: AnalysisConfig, selection = ''): string {
  return `${ANALYSIS_VERSION} ${canonicalJson(analysis)}${selection === '' ? '' : ` ${selection}`}`;
}
