const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/**
 * Returns the value of JSON in UTF-8. Throws SyntaxError for anything else, and for lists and objects that lie in one another more than
 * `depth` levels deep, before they are made: a small file of brackets would take gigabytes and overflow whatever walks through it.
 */
export function parseBoundedJson(bytes: Uint8Array, depth: number): unknown {
  let level = 0;
  let inText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (OPENING.includes(byte) && ++level > depth) {
      throw new SyntaxError(`more than ${depth} levels of lists and objects at offset ${i}`);
    } else if (CLOSING.includes(byte)) level--;
  }
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}
