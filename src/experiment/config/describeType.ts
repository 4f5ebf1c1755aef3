import { z } from 'zod';
import { DATASET_PATH } from '../data/datasets.ts';

/** The part of JSON Schema that z.toJSONSchema writes for our schemas. */
export interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  minItems?: number;
  minLength?: number;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  [keyword: string]: unknown;
}

/** Returns the JSON Schema of what a user writes: keys with a default are optional. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    // zod bounds every integer by what a double holds exactly; that is no rule of ours and only noise to a reader
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as JsonSchema;
}

/** Returns what a value must be, in words that go after `must be`: `a whole number of at least 1`. */
export function describeType(schema: JsonSchema): string {
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) {
    const texts = [...new Set(options.map(describeType))];
    // maps that differ by their type are one kind of thing to a reader
    const maps = texts.filter((text) => text.startsWith('a map'));
    return (
      maps.length > 1 ? [...texts.filter((text) => !maps.includes(text)), 'a map of keys'] : texts
    ).join(', or ');
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema, true)}`;
    case 'number':
      return `a number${range(schema, false)}`;
    case 'string':
      if (schema.pattern === DATASET_PATH.source) return 'a path: with a / in it, or of .npz or .safetensors';
      if (schema.pattern !== undefined) return 'a name of letters, digits and . _ = + -';
      return schema.minLength === undefined ? 'text' : 'text that is not empty';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return schema.minItems === undefined ? 'a list' : 'a list of at least one value';
    default:
      return `a map of keys (${Object.keys(schema.properties ?? {}).join(', ')})`;
  }
}

/** Returns the texts a value may be where only some are allowed. */
export function allowedTexts(schema: JsonSchema): string[] {
  const own = (schema.enum ?? []).filter((value): value is string => typeof value === 'string');
  return [...own, ...(schema.anyOf ?? schema.oneOf ?? []).flatMap(allowedTexts)];
}

function range(schema: JsonSchema, whole: boolean): string {
  let { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (whole && exclusiveMinimum !== undefined) {
    minimum = exclusiveMinimum + 1;
    exclusiveMinimum = undefined;
  }
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const low =
    minimum !== undefined
      ? `of at least ${minimum}`
      : exclusiveMinimum !== undefined
        ? `above ${exclusiveMinimum}`
        : '';
  const high =
    maximum !== undefined
      ? `of at most ${maximum}`
      : exclusiveMaximum !== undefined
        ? `below ${exclusiveMaximum}`
        : '';
  const both = [low, high].filter((text) => text !== '').join(' and ');
  return both === '' ? '' : ` ${both}`;
}
