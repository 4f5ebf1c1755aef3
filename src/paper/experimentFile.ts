import { z } from 'zod';
import { NAME_PATTERN } from '../experiment/config/experimentSchema.ts';

/** How much of the authors' setting is run. */
export const SCALES = ['quick', 'desk', 'paper'] as const;
export type Scale = (typeof SCALES)[number];

/** What computes an experiment that trains nothing. */
const CALCULATIONS = [
  'marchenkoPastur',
  'spikedCovariance',
  'universality',
  'powerLawCalibration',
  'pretrained',
] as const;
export type CalculationName = (typeof CALCULATIONS)[number];

const text = z.string().min(1);
const name = z.string().regex(NAME_PATTERN);
const whole = z.int().min(0);

export const checkSchema = z.strictObject({
  number: text.describe('what the number is, for people'),
  measure: text.describe('column of spectra.csv or metrics.csv, or one of src/paper/measures.ts'),
  layer: text.optional().describe('layer the measure is of; none for accuracies and losses'),
  authors: text
    .optional()
    .describe('where in authors.json: a number, a list along `epochs`, or a list of rows'),
  epochs: z
    .strictObject({
      list: text.describe('epochs of the list, in authors.json'),
      shift: z
        .int()
        .default(0)
        .describe('added to them: the authors count some from the state after the first'),
    })
    .optional(),
  epoch: whole.optional().describe('epoch the number is of; the last when left out'),
  rows: z
    .strictObject({
      key: text.describe('column of the rows that says which runs they are of'),
      setting: text.describe('config key it stands for; `layer` for the layer'),
      field: text.optional().describe("the authors' column; none where only others have the number"),
      spikes: text.optional().describe('column of the number of spikes the authors chose'),
      tolerance: text
        .optional()
        .describe('column of the tolerance (absolute), where it differs from row to row'),
    })
    .optional(),
  thirdParty: z
    .strictObject({ rows: text, field: text })
    .optional()
    .describe("others' rows in authors.json, by the same key"),
  spikes: whole.optional().describe('number of spikes the authors chose by eye'),
  where: z.record(z.string(), z.unknown()).optional().describe('config keys that pick the runs'),
  from: name.optional().describe('experiment whose results the number is read from'),
  tolerance: z
    .strictObject({ absolute: z.number().positive() })
    .or(z.strictObject({ relative: z.number().positive() }))
    .optional()
    .describe('reading error and spread between runs; none: shown, not judged'),
  why: text.describe('why the number may differ'),
  slip: z.boolean().default(false).describe("a slip of the authors', repeated on purpose"),
});

const scaleSchema = z.strictObject({
  cost: text.describe('on two CPU cores'),
  set: z.array(text).default([]).describe('as --set of run'),
  parameters: z.record(z.string(), whole).default({}).describe('of a calculation'),
});

/** The contents of experiments/<name>.yaml. */
export const experimentFileSchema = z
  .strictObject({
    title: text,
    paper: text.describe('section of the paper and notebook'),
    config: text.optional().describe('what is trained, relative to the file'),
    trains: name.optional().describe('experiment whose runs, scales and results folder it shares'),
    calculates: z.enum(CALCULATIONS).optional(),
    scales: z.partialRecord(z.enum(SCALES), scaleSchema).default({}),
    eigenvectors: z.boolean().default(false).describe('draw the localization of eigenvectors too'),
    figures: z.record(z.string(), text).describe('file name, * for anything, to what of the paper it shows'),
    checks: z.array(checkSchema).min(1),
  })
  .refine(
    ({ config, trains, calculates }) =>
      [config, trains, calculates].filter((way) => way !== undefined).length === 1,
    'exactly one of config, trains and calculates must be given',
  )
  .refine(
    ({ trains, scales }) => trains !== undefined || SCALES.every((scale) => scales[scale] !== undefined),
    `scales must be ${SCALES.join(', ')}`,
  );

export type ExperimentFile = z.infer<typeof experimentFileSchema>;
export type Check = z.infer<typeof checkSchema>;
export type ScaleSettings = z.infer<typeof scaleSchema>;
