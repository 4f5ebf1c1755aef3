import { z } from 'zod';
import { analysisSchema, runConfigSchema } from './schema.ts';
import { dottedKeys } from './schemaKeys.ts';

/** What may name a folder on every file system, and needs no quotes in a shell. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._=+-]{0,99}$/;
const fileSafeName = z.string().regex(NAME_PATTERN);

/** Every key of a run that can be swept or set, dotted, in the order of the schema. */
export const RUN_KEYS: ReadonlyMap<string, z.ZodType> = dottedKeys(runConfigSchema);

const anyValueOf = Object.fromEntries([...RUN_KEYS].map(([key, schema]) => [key, schema.optional()]));
const listsOf = Object.fromEntries(
  [...RUN_KEYS].map(([key, schema]) => [key, z.array(schema).min(1).optional()]),
);

export const sweepSchema = z
  .strictObject({
    ...listsOf,
    zip: z
      .array(z.strictObject(listsOf))
      .optional()
      .describe('groups of lists of one length that go together: first with first, second with second'),
    exclude: z
      .array(z.strictObject(anyValueOf))
      .optional()
      .describe('combinations to leave out; one that has all the values of an entry goes'),
    include: z
      .array(z.strictObject({ name: fileSafeName.optional(), ...runConfigSchema.partial().shape }))
      .optional()
      .describe('single runs beside the grid: the config outside of sweep, with these keys changed'),
  })
  .describe('lists of values by dotted key; every combination is one run');

/** What a config file holds. `network` and `dataset` may come from `extends` or from the sweep. */
export const experimentSchema = z.strictObject({
  name: fileSafeName.optional().describe("names the results folder; the file's name when left out"),
  description: z.string().optional().describe('one line for the report'),
  extends: z
    .string()
    .min(1)
    .optional()
    .describe('config file to start from, relative to this one; its keys hold where this file is silent'),
  ...runConfigSchema.partial().shape,
  sweep: sweepSchema.optional(),
  analysis: analysisSchema.prefault({}).describe('how spectra are fitted'),
});
