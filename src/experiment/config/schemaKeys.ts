import { z } from 'zod';
import type { KeyPath } from './configNode.ts';

/** Returns the schema under optional, nullable and default wrappers. */
function unwrapSchema(schema: z.ZodType): z.ZodType {
  let inner: z.ZodType = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) {
    inner = inner.def.innerType as z.ZodType;
  }
  return inner;
}

/**
 * Returns the schema of the value at `path`, wrappers kept, or null for a path the schema does not have. `value` is the whole
 * value: it tells which of several maps is meant where their `type` key decides.
 */
export function schemaAt(schema: z.ZodType, path: KeyPath, value?: unknown): z.ZodType | null {
  if (path.length === 0) return schema;
  const [key, ...rest] = path;
  const inner = unwrapSchema(schema);
  const innerValue = (value as Record<string | number, unknown> | null | undefined)?.[key!];
  if (inner instanceof z.ZodArray && typeof key === 'number') {
    return schemaAt(inner.element as z.ZodType, rest, innerValue);
  }
  for (const object of objectsOf(inner, value)) {
    const child = object.shape[key!] as z.ZodType | undefined;
    if (child !== undefined) return schemaAt(child, rest, innerValue);
  }
  return null;
}

/** Returns the keys of the map at `path`. */
export function keysAt(schema: z.ZodType, path: KeyPath, value?: unknown): string[] {
  const at = schemaAt(schema, path, value);
  const inner = path.reduce<unknown>(
    (outer, key) => (outer as Record<string, unknown> | undefined)?.[key],
    value,
  );
  return at === null
    ? []
    : [...new Set(objectsOf(unwrapSchema(at), inner).flatMap((object) => Object.keys(object.shape)))];
}

/** Returns every key of a map and of the maps in it, dotted (`optimizer.type`), in the order of the schema, with its schema. */
export function dottedKeys(schema: z.ZodObject): Map<string, z.ZodType> {
  const keys = new Map<string, z.ZodType>();
  const visit = (object: z.ZodObject, prefix: string): void => {
    for (const [key, child] of Object.entries(object.shape) as [string, z.ZodType][]) {
      keys.set(prefix + key, child);
      for (const inner of objectsOf(unwrapSchema(child))) visit(inner, `${prefix}${key}.`);
    }
  };
  visit(schema, '');
  return keys;
}

/** Tells whether a value of the schema can only be a list, or null. */
export function isListSchema(schema: z.ZodType): boolean {
  return unwrapSchema(schema) instanceof z.ZodArray;
}

function objectsOf(schema: z.ZodType, value?: unknown): z.ZodObject[] {
  if (schema instanceof z.ZodObject) return [schema];
  if (!(schema instanceof z.ZodUnion)) return [];
  const objects = (schema.options as z.ZodType[]).flatMap((option) => objectsOf(unwrapSchema(option), value));
  const matching = objects.filter((object) => {
    const tag = object.shape.type as z.ZodType | undefined;
    return tag instanceof z.ZodLiteral && tag.value === (value as { type?: unknown } | undefined)?.type;
  });
  return matching.length > 0 ? matching : objects;
}
