import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const SPACES = [0x20, 0x09, 0x0a, 0x0d];

/**
 * Yields the keys and values of the JSON object in UTF-8, one at a time, so that an object of a million entries never is in memory
 * as a whole. Throws SyntaxError for anything else, and for values whose lists and objects lie in one another more than `depth` levels
 * deep, before they are made.
 */
export function* jsonEntries(bytes: Uint8Array, depth: number): Generator<[key: string, value: unknown]> {
  if (!isUtf8(bytes)) throw new SyntaxError('bytes that are no UTF-8');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parse = (from: number, to: number): unknown => JSON.parse(buffer.toString('utf8', from, to));
  let at = skipSpaces(bytes, 0);
  const expect = (byte: number): void => {
    if (bytes[at] !== byte) {
      throw new SyntaxError(`no ${JSON.stringify(String.fromCharCode(byte))} at offset ${at}`);
    }
    at = skipSpaces(bytes, at + 1);
  };
  expect(OPEN_OBJECT);
  if (bytes[at] === CLOSE_OBJECT) {
    expect(CLOSE_OBJECT);
  } else {
    for (let more = true; more; ) {
      if (bytes[at] !== QUOTE) throw new SyntaxError(`no key at offset ${at}`);
      const keyEnd = endOfText(bytes, at);
      const key = parse(at, keyEnd) as string;
      at = skipSpaces(bytes, keyEnd);
      expect(COLON);
      const valueEnd = endOfValue(bytes, at, depth);
      yield [key, parse(at, valueEnd)];
      at = skipSpaces(bytes, valueEnd);
      more = bytes[at] === COMMA;
      expect(more ? COMMA : CLOSE_OBJECT);
    }
  }
  if (at !== bytes.length) throw new SyntaxError(`something after the object, at offset ${at}`);
}

function skipSpaces(bytes: Uint8Array, from: number): number {
  let at = from;
  while (SPACES.includes(bytes[at]!)) at++;
  return at;
}

/** Returns the offset behind the text that begins at a quote. */
function endOfText(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  throw new SyntaxError(`a text without end at offset ${start}`);
}

/** Returns the offset behind the value that begins at `start`: at the comma or brace of the object around it. */
function endOfValue(bytes: Uint8Array, start: number, depth: number): number {
  let level = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = endOfText(bytes, at);
      continue;
    }
    if (level === 0 && (byte === COMMA || byte === CLOSE_OBJECT)) return at;
    if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (++level > depth) {
        throw new SyntaxError(`more than ${depth} levels of lists and objects at offset ${at}`);
      }
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) level--;
    at++;
  }
  throw new SyntaxError(`a value without end at offset ${start}`);
}
