/** What a terminal obeys, and what reorders the letters beside it; \p{Cc} is all of C0 and C1. */
const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Returns the text as one line that a terminal shows and does not obey: control characters, newlines among them, and those that change
 * the direction of writing stand as escapes, `\n`, `\x1b`, `\u202e`. Names in files and host names may hold anything.
 */
export function oneLine(text: string): string {
  return text.replace(OBEYED, (character) => SHORT[character] ?? escaped(character));
}

/** Returns the text as lines that a terminal shows and does not obey. */
export function plainLines(text: string): string {
  return text.replace(OBEYED, (character) =>
    character === '\n' ? character : (SHORT[character] ?? escaped(character)),
  );
}

/** Returns JSON text that means the same and holds nothing a terminal obeys, but the newlines it is laid out with. */
export function plainJson(json: string): string {
  return json.replace(OBEYED, (character) => (character === '\n' ? character : unicodeEscape(character)));
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscape(character);
}

const unicodeEscape = (character: string): string =>
  `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`;
