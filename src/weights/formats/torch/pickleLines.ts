import type { ByteReader } from '../../../base/files/byteReader.ts';

const NEWLINE = 0x0a;
/** Protocol 0 keeps whole arrays in one line. */
const MAX_LINE = 1 << 26;
const NAMED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

/** A line of protocol 0, one character for each byte. */
const line = (reader: ByteReader): string =>
  Buffer.from(reader.bytesUntil(NEWLINE, 'string', MAX_LINE)).toString('latin1');

/** Returns the text of a line in which characters beyond the first 256, and newlines, are \uXXXX. */
export const escapedText = (reader: ByteReader): string =>
  line(reader).replace(/\\u([0-9a-fA-F]{4})|\\U00([0-9a-fA-F]{6})/g, (all, short, long) => {
    const code = Number.parseInt(short ?? long, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });

/** Returns the text of a line that holds a string as Python 2 writes it in its source: quoted, other bytes than letters escaped. */
export const quotedText = (reader: ByteReader): string =>
  line(reader)
    .replace(/^(['"])(.*)\1$/s, '$2')
    .replace(/\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))/gs, (_, hex, octal, other) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      return NAMED[other as string] ?? (other as string);
    });
