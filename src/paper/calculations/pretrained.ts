import { basename } from 'node:path';
import { analyzeWeights } from '../../analyze/analyzeWeights.ts';
import { UserError } from '../../base/userError.ts';
import { analysisSchema } from '../../experiment/config/schema.ts';
import { findWeights } from '../../weights/findWeights.ts';
import { openWeights } from '../../weights/openWeights.ts';
import { authorsRows } from '../authors.ts';
import type { CalculatedNumber } from '../reproducedNumbers.ts';
import type { Calculated, CalculatedSpectrum, CalculationOptions } from './calculation.ts';

const REMEDY =
  'For example: phasewatch reproduce pretrained --weights alexnet-owt-7be5be79.pth vgg16-397923af.pth; file names must begin with the name of the model.';

/** Returns the dense layers of the models among the user's weights files, in the order of the file: fc1, fc2, fc3, or fc where there is one. */
export async function pretrained(
  _parameters: object,
  { algebra, weights, progress }: CalculationOptions,
): Promise<Calculated> {
  const known = authorsRows('pretrained_power_law.rows').rows.map(({ layer }) => String(layer));
  const models = [...new Set(known.map((layer) => layer.slice(0, layer.indexOf('.'))))];
  if (weights.length === 0) {
    throw new UserError('pretrained needs weights files of your own, got none (none are downloaded)', REMEDY);
  }
  const spectra: CalculatedSpectrum[] = [];
  const analysis = analysisSchema.parse({ tails: true });
  for (const { path } of weights.flatMap(findWeights)) {
    const model = modelOf(basename(path), models);
    if (model === null) continue;
    await progress(`reading ${path}`);
    const file = openWeights(path);
    try {
      const dense = [...file.layers()].filter(({ kind }) => kind === 'dense');
      const names = known.filter((layer) => layer.startsWith(`${model}.`));
      if (dense.length !== names.length) {
        throw new UserError(
          `${path} must have ${names.length} dense layers to be ${model}, got ${dense.length}`,
        );
      }
      for (const [i, { name }] of dense.entries()) {
        await progress(`analyzing ${names[i]}`);
        const one = analyzeWeights(file, analysis, algebra, {
          conv: 'slices',
          wanted: (layer) => layer === name,
        });
        if (one.layers.length === 0) throw new UserError(`${path}: ${name}: ${one.skipped[0]?.reason}`);
        const [{ row, eigenvalues }] = one.layers as [CalculatedSpectrum];
        spectra.push({ row: { ...row, layer: names[i]! }, eigenvalues });
      }
    } finally {
      file.close();
    }
  }
  if (spectra.length === 0) {
    throw new UserError(
      `weights must be of one of ${models.join(', ')} by their file names, got ${weights.join(', ')}`,
      REMEDY,
    );
  }
  return { spectra, numbers: softRanksOfFc1(spectra), figures: [] };
}

/** A slip of the authors' first notebook: the edges of fc2 and fc3 beside the largest eigenvalue of fc1. */
function softRanksOfFc1(spectra: readonly CalculatedSpectrum[]): Record<string, CalculatedNumber> {
  const first = spectra.find(({ row }) => row.layer === 'alexnet.fc1');
  if (first === undefined) return {};
  return Object.fromEntries(
    spectra
      .filter(({ row }) => row.layer.startsWith('alexnet.') && row.lambda_plus !== null)
      .map(({ row }) => [
        `${row.layer}.softrank_of_fc1`,
        { value: row.lambda_plus! / first.row.lambda_max, draws: 1 },
      ]),
  );
}

/** The longest name of a model that the file name begins with: `vgg16_bn-6c64b313.pth` is no vgg16. */
function modelOf(file: string, models: readonly string[]): string | null {
  const fits = models.filter((model) => new RegExp(`^${model}(?![a-z0-9])`, 'i').test(file));
  return fits.sort((a, b) => b.length - a.length)[0] ?? null;
}
