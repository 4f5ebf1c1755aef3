import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { shortNames } from '../base/files/shortNames.ts';
import { DIFF_COLUMN_OF, type DiffRow } from '../spectra/diffColumns.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { type ModelSpectra, weightsFigures } from '../view/figures/weightsFigures.ts';
import { buildReport } from '../view/page/buildReport.ts';
import { type WrittenFigures, writeFigures } from '../view/writeFigures.ts';
import type { FileRow } from './analyzeFiles.ts';

/** The spectra of weights files, kept for their pictures. */
export interface KeptSpectra {
  keep(row: FileRow, eigenvalues: Float64Array): void;
  /** The files in the order in which they came, each under the shortest end of its path that no other has. */
  models(): ModelSpectra[];
}

/** Returns a keeper of spectra that has none yet. */
export function keptSpectra(): KeptSpectra {
  const files = new Map<string, ModelSpectra['layers'][number][]>();
  return {
    keep: ({ file, ...row }, evals) => {
      const layers = files.get(file);
      if (layers === undefined) files.set(file, [{ row, evals }]);
      else layers.push({ row, evals });
    },
    models: () => {
      const names = shortNames([...files.keys()]);
      return [...files].map(([file, layers]) => ({ name: names.get(file)!, layers }));
    },
  };
}

/** Writes the page on weights files: summary, alpha by depth, the density of each layer, the table. */
export function writeWeightsPage(path: string, models: readonly ModelSpectra[]): void {
  const spectra = models.flatMap(({ name, layers }) => layers.map(({ row }) => ({ ...row, run: name })));
  const evals = new Map(
    models.flatMap(({ name, layers }) => layers.map(({ row, evals }) => [key(name, row.layer), evals])),
  );
  const experiment = { name: models.map(({ name }) => name).join(', '), description: null, yaml: null };
  const page = buildReport({
    experiment,
    weights: true,
    runs: [],
    spectra,
    reproduction: [],
    esd: (run, _, layer) => evals.get(key(run ?? '', layer)) ?? null,
  });
  writeFileAtomic(path, page);
}

/** Writes the figures of weights files as SVG, CSV and, where it can be drawn, PNG. */
export function writeWeightsFigures(dir: string, models: readonly ModelSpectra[]): Promise<WrittenFigures> {
  return writeFigures(dir, weightsFigures(models));
}

/** What the page on a difference shows: `weights` are its layers, each with the spectrum of B - A. */
export interface DifferencePictures {
  a: string;
  b: string;
  remarks: readonly string[];
  layers: readonly { diff: DiffRow; row: SpectrumRow; evals: Float64Array }[];
}

/** Writes the page on the difference of two models: summary, change by depth, the density of every B - A, the table. */
export function writeDifferencePage(path: string, { a, b, remarks, layers }: DifferencePictures): void {
  const names = shortNames([a, b]);
  const name = `${names.get(b)} - ${names.get(a)}`;
  const spectra = layers.map(({ diff, row }) => ({
    ...row,
    ...Object.fromEntries([...DIFF_COLUMN_OF.keys()].map((column) => [column, diff[column] ?? null])),
    run: name,
  }));
  const evals = new Map(layers.map(({ row, evals }) => [row.layer, evals]));
  const page = buildReport({
    experiment: { name, description: null, yaml: null },
    weights: true,
    difference: { a, b, remarks },
    runs: [],
    spectra,
    reproduction: [],
    esd: (_run, _epoch, layer) => evals.get(layer) ?? null,
  });
  writeFileAtomic(path, page);
}

const key = (run: string, layer: string): string => JSON.stringify([run, layer]);
