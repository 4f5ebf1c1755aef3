import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ANALYSIS_VERSION } from '../../analyze/analyzeLayer.ts';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { readJson } from '../../base/files/readFile.ts';
import { writeSafetensors } from '../../base/safetensors/safetensors.ts';
import { writeSpectraCsv } from '../../experiment/results/csvFiles.ts';
import { resultsLayout } from '../../experiment/results/layout.ts';
import { writeAnalysisChecksums } from '../../experiment/results/resultsChecksums.ts';
import { writeFigures } from '../../view/writeFigures.ts';
import type { CalculationName } from '../experimentFile.ts';
import type { CalculatedNumber } from '../reproducedNumbers.ts';
import type { Calculated, CalculationOptions } from './calculation.ts';
import { marchenkoPasturLaws } from './marchenkoPasturLaws.ts';
import { powerLawCalibration } from './powerLawCalibration.ts';
import { pretrained } from './pretrained.ts';
import { spikedCovariance } from './spikedCovariance.ts';
import { universality } from './universality.ts';

type Parameters = Readonly<Record<string, number>>;
type Calculation = (parameters: Parameters, options: CalculationOptions) => Promise<Calculated>;

const CALCULATIONS_BY_NAME: Readonly<Record<CalculationName, Calculation>> = {
  marchenkoPastur: ({ columns, draws }, options) =>
    marchenkoPasturLaws({ columns: columns!, draws: draws! }, options),
  spikedCovariance: ({ draws }, options) => spikedCovariance({ draws: draws! }, options),
  universality: ({ draws, repeats }, options) => universality({ draws: draws!, repeats: repeats! }, options),
  powerLawCalibration: ({ draws }, options) => powerLawCalibration({ draws: draws! }, options),
  pretrained,
};

/** The contents of calculated.json. */
interface Stored {
  made_by: { analysis: string; calculation: CalculationName; parameters: Parameters };
  numbers: Record<string, CalculatedNumber>;
}

/**
 * Computes what is not in the folder yet and writes it as a results folder: spectra.csv, esd/, figures/ and the numbers in
 * calculated.json. Returns the numbers. Weights of the user's are always read anew.
 */
export async function runCalculation(
  dir: string,
  calculation: CalculationName,
  parameters: Parameters,
  options: CalculationOptions,
): Promise<{ numbers: Record<string, CalculatedNumber>; computed: boolean }> {
  const layout = resultsLayout(dir);
  const path = join(dir, 'calculated.json');
  const made_by: Stored['made_by'] = { analysis: ANALYSIS_VERSION, calculation, parameters };
  if (calculation !== 'pretrained' && existsSync(path)) {
    const stored = readJson(path) as Stored;
    if (JSON.stringify(stored.made_by) === JSON.stringify(made_by)) {
      return { numbers: stored.numbers, computed: false };
    }
  }
  const { spectra, numbers, figures } = await CALCULATIONS_BY_NAME[calculation](parameters, options);
  writeSpectraCsv(
    layout.spectra,
    spectra.map(({ row }) => row),
  );
  const tensors = spectra.map(
    ({ row, eigenvalues }) =>
      [row.layer, { dtype: 'F64', shape: [eigenvalues.length], data: eigenvalues }] as const,
  );
  writeSafetensors(layout.esd('weights'), new Map(tensors), { format: 'phasewatch esd 1' });
  writeAnalysisChecksums(layout);
  await writeFigures(layout.figures, figures);
  const stored: Stored = { made_by, numbers };
  writeFileAtomic(path, `${JSON.stringify(stored, null, 2)}\n`);
  return { numbers, computed: true };
}
