import type { z } from 'zod';
import { didYouMean } from '../../base/nearestName.ts';
import {
  type ConfigNode,
  type ConfigProblem,
  type KeyPath,
  nodeAt,
  originAt,
  showPath,
  showValue,
  toPlain,
} from './configNode.ts';
import { allowedTexts, describeType, type JsonSchema, toJsonSchema } from './describeType.ts';
import { keysAt, schemaAt } from './schemaKeys.ts';

export interface Validated<T> {
  /** The value with its defaults filled in; null when there are problems. */
  value: T | null;
  problems: ConfigProblem[];
}

interface Options {
  /** Keys that have to be there may be missing: the node is only a part of a whole. */
  partial?: boolean;
  /** Dotted keys of the whole configuration, for a key that was written in the wrong place. */
  elsewhere?: readonly string[];
}

type Issue = z.core.$ZodIssue;

/** Returns the value of `node` checked against `schema`, and every mistake in it with its place. */
export function validateConfig<T>(
  schema: z.ZodType<T>,
  node: ConfigNode,
  options: Options = {},
): Validated<T> {
  const plain = toPlain(node);
  const result = schema.safeParse(plain);
  if (result.success) return { value: result.data, problems: [] };
  const problems = result.error.issues.flatMap((issue) =>
    problemsOf(issue, { schema, node, plain, options }),
  );
  return { value: null, problems };
}

interface Context {
  schema: z.ZodType;
  node: ConfigNode;
  plain: unknown;
  options: Options;
}

function problemsOf(issue: Issue, context: Context): ConfigProblem[] {
  const path = issue.path as KeyPath;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, context));
  if (issue.code === 'invalid_union') {
    // The alternative the user meant is the one that is right at the top and wrong only inside.
    const meant = issue.errors.find(
      (branch) => branch.length > 0 && branch.every((inner) => !isWhole(inner)),
    );
    if (meant !== undefined) {
      return meant.flatMap((inner) =>
        problemsOf({ ...inner, path: [...path, ...inner.path] } as Issue, context),
      );
    }
  }
  if (nodeAt(context.node, path) === null) return context.options.partial ? [] : [missingKey(path, context)];
  return [wrongValue(path, issue, context)];
}

const isWhole = (issue: Issue): boolean => issue.path.length === 0 && issue.code !== 'unrecognized_keys';

function unknownKey(path: KeyPath, key: string, { schema, node, plain, options }: Context): ConfigProblem {
  const map = nodeAt(node, path);
  const origin = (map?.kind === 'map' ? map.entries.get(key)?.key : undefined) ?? originAt(node, path);
  const siblings = keysAt(schema, path, plain);
  const prefix = path.length === 0 ? '' : `${showPath(path)}.`;
  const hint = didYouMean(key, siblings, options.elsewhere);
  return { origin, message: `unknown key: ${prefix}${key}${hint}` };
}

function missingKey(path: KeyPath, { schema, node, plain }: Context): ConfigProblem {
  return {
    origin: originAt(node, path),
    message: `missing key: ${showPath(path)}, ${typeAt(schema, path, plain).text}`,
  };
}

function wrongValue(path: KeyPath, issue: Issue, { schema, node, plain }: Context): ConfigProblem {
  const { text, texts } = typeAt(schema, path, plain);
  const options = issue.code === 'invalid_union' && 'options' in issue ? (issue.options as string[]) : null;
  const constraint =
    options !== null ? `one of ${options.join(', ')}` : issue.code === 'custom' ? issue.message : text;
  const value = toPlain(nodeAt(node, path)!);
  const hint = typeof value === 'string' ? didYouMean(value, options ?? texts) : '';
  const subject = path.length === 0 ? 'the config' : showPath(path);
  return {
    origin: originAt(node, path),
    message: `${subject} must be ${constraint}, got ${showValue(value)}${hint}`,
  };
}

const described = new WeakMap<z.ZodType, { text: string; texts: string[] }>();

function typeAt(schema: z.ZodType, path: KeyPath, plain: unknown): { text: string; texts: string[] } {
  const at = schemaAt(schema, path, plain);
  if (at === null) return { text: 'known', texts: [] };
  const cached = described.get(at);
  if (cached !== undefined) return cached;
  const json: JsonSchema = toJsonSchema(at);
  const type = { text: describeType(json), texts: allowedTexts(json) };
  described.set(at, type);
  return type;
}
