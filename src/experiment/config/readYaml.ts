import { type Stats, statSync } from 'node:fs';
import { relative } from 'node:path';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { readBytes } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';
import { type ConfigNode, type MapNode, type Origin, problemsError } from './configNode.ts';

const MAX_FILE_BYTES = 1 << 20;
/** Values a configuration may have, aliases expanded: what stops an alias bomb. */
const MAX_VALUES = 20_000;
const MAX_DEPTH = 50;

/**
 * Returns the map of keys in the YAML file at `path` (absolute); every value knows its line and column.
 * `pipe` lets it be one that a shell opened for this. Throws a UserError for a file that cannot be read, is no text, is empty or is no map, and with `file:line:column` for every
 * mistake of syntax.
 */
export function readYaml(path: string, { pipe }: { pipe: boolean }): MapNode {
  const file = displayPath(path);
  const node = parseYaml(readConfigText(path, file, pipe), file);
  if (node === null)
    throw new UserError(`${file}: the config is empty`, 'It needs at least network and dataset.');
  if (node.kind !== 'map') throw new UserError(`${file}: a config must be a map of keys, got a ${node.kind}`);
  return node;
}

/** Returns the value of a YAML text, or null when there is none; `origin` overrides the places of all values. */
export function parseYaml(text: string, file: string, origin?: Origin): ConfigNode | null {
  const lines = new LineCounter();
  const place = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return origin ?? { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const syntaxError = (at: Origin, message: string) => problemsError([{ origin: at, message }]);

  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      // 'silent' would let a second document pass.
      logLevel: 'error',
    });
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(`${file}: the config is nested too deeply`);
    throw error;
  }
  const flaw = document.errors[0] ?? document.warnings[0];
  if (flaw?.code === 'MULTIPLE_DOCS') {
    throw syntaxError(place(flaw.pos[0]), 'a config must be one YAML document, got a second one');
  }
  if (flaw !== undefined) throw syntaxError(place(flaw.pos[0]), `YAML: ${flaw.message}`);

  let values = 0;
  const convert = (node: Node | null, fallback: Origin, depth: number): ConfigNode => {
    const at = node?.range ? place(node.range[0]) : fallback;
    if (++values > MAX_VALUES)
      throw syntaxError(at, `a config must have at most ${MAX_VALUES} values, got more`);
    if (depth > MAX_DEPTH)
      throw syntaxError(at, `a config must be nested at most ${MAX_DEPTH} levels deep, got more`);
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined) throw syntaxError(at, `unknown anchor: ${node.source}`);
      return convert(target, at, depth + 1);
    }
    if (isMap(node)) {
      const entries = new Map<string, { key: Origin; node: ConfigNode }>();
      for (const pair of node.items) {
        const keyNode = pair.key as Node | null;
        const key = keyNode?.range ? place(keyNode.range[0]) : at;
        if (!isScalar(keyNode)) throw syntaxError(key, 'a key must be plain text, got a list, map or alias');
        const name = String(keyNode.value);
        if (entries.has(name)) throw syntaxError(key, `duplicate key: ${name}`);
        entries.set(name, { key, node: convert(pair.value as Node | null, key, depth + 1) });
      }
      return { kind: 'map', origin: at, entries };
    }
    if (isSeq(node)) {
      return {
        kind: 'list',
        origin: at,
        items: node.items.map((item) => convert(item as Node | null, at, depth + 1)),
      };
    }
    return { kind: 'scalar', origin: at, value: isScalar(node) ? node.value : null };
  };
  return document.contents === null ? null : convert(document.contents, place(0), 0);
}

/** Returns the path as messages show it: relative to the working folder when it lies in it. */
export function displayPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

function readConfigText(path: string, file: string, pipe: boolean): string {
  let stat: Stats;
  try {
    stat = statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'no such file' : (code ?? String(error));
    throw new UserError(`${file}: cannot read the config: ${reason}`);
  }
  if (stat.isDirectory()) throw new UserError(`${file}: a config must be a file, got a folder`);
  if (stat.size > MAX_FILE_BYTES) {
    throw new UserError(`${file}: a config must be at most ${MAX_FILE_BYTES} bytes, got ${stat.size}`);
  }
  const bytes = readBytes(path, { limit: MAX_FILE_BYTES, pipe });
  const text = bytes.toString('utf8');
  const encoded = Buffer.from(text);
  if (!encoded.equals(bytes)) {
    let offset = 0;
    while (encoded[offset] === bytes[offset]) offset++;
    throw new UserError(`${file}: a config must be UTF-8 text, got another byte at offset ${offset}`);
  }
  return text;
}
