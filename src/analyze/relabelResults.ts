import { readSafetensors, writeSafetensors } from '../base/safetensors/safetensors.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { readSpectraCsv, writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import { esdKey, type ResultsLayout } from '../experiment/results/layout.ts';
import { writeAnalysisChecksums } from '../experiment/results/resultsChecksums.ts';
import { rowSettings } from '../experiment/results/rowSettings.ts';
import { layerSpectrum } from '../spectra/layerSpectrum.ts';
import { spectrumOf } from '../spectra/measures/spectrum.ts';
import { classifyPhase, phaseColumns } from '../spectra/phases/classifyPhase.ts';
import { rowWitnesses } from '../spectra/phases/ensembleSpectrum.ts';
import { restsOnRounding, warningOf } from '../spectra/phases/warnings.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { spectrumOptions } from './analyzeLayer.ts';
import { initialSigma } from './analyzeRun.ts';
import { analysisKey } from './runSpectra.ts';

/**
 * Computes the rows of spectra.csv anew from the eigenvalues in esd/, for results whose snapshots are gone, and returns them.
 * Columns that need the weights (randomized copies, localization) stay as they are. Snapshots of this program hold float32.
 */
export function relabelResults(layout: ResultsLayout, analysis: AnalysisConfig): SpectrumRow[] {
  const earlier = readSpectraCsv(layout.spectra);
  const rows: SpectrumRow[] = [];
  for (const run of new Set(earlier.map(({ run }) => run))) {
    const known = earlier.filter((row) => row.run === run);
    if (run === null) {
      for (const row of known) rows.push(row);
      continue;
    }
    const { tensors, metadata } = readSafetensors(layout.esd(run));
    const anew: SpectrumRow[] = [];
    for (const row of known) {
      const evals = tensors.get(esdKey(row.epoch!, row.layer))?.data;
      const isKnown = evals instanceof Float64Array;
      anew.push(isKnown ? relabelled(row, evals, initialSigma(anew, row.layer, row.epoch!), analysis) : row);
    }
    for (const row of anew) rows.push(row);
    writeSafetensors(layout.esd(run), tensors, { ...metadata, analysis: analysisKey(analysis) });
  }
  const { settled, columns } = rowSettings(layout, [...new Set(rows.flatMap(({ run }) => run ?? []))]);
  const all = rows.map(settled);
  writeSpectraCsv(layout.spectra, all, ['run', ...columns]);
  writeAnalysisChecksums(layout);
  return all;
}

function relabelled(
  row: SpectrumRow,
  evals: Float64Array,
  initial: number | null,
  analysis: AnalysisConfig,
): SpectrumRow {
  const { layer, N, M } = row;
  const spectrum = spectrumOf(evals, { N, M });
  const metrics = layerSpectrum(spectrum, { fit: analysis.fit, fingers: analysis.fixFingers });
  const witnesses = rowWitnesses(row, initial);
  const phase = phaseColumns(classifyPhase(spectrum, witnesses));
  const known = { ...row, ...metrics, ...phase, ...spectrumOptions(layer, spectrum, metrics, analysis) };
  return { ...known, warning: warningOf(known, restsOnRounding(spectrum, witnesses, phase.phase)) };
}
