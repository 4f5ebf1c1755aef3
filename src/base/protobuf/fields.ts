import { ByteReader } from '../files/byteReader.ts';
import type { RandomAccessFile } from '../files/randomAccessFile.ts';

/** A field of a protocol-buffer message: a number, or where its bytes lie. */
export interface ProtobufField {
  number: number;
  /** Of a varint field, as an unsigned 64-bit integer. */
  value: bigint;
  /** Bytes of the content in the file: a message, a string, packed or fixed-size values; empty for a varint. */
  start: number;
  end: number;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Yields the fields of the message between two offsets; what is no message is a UserError with the offset. */
export function* protobufFields(
  file: RandomAccessFile,
  start: number,
  end: number,
): Generator<ProtobufField, void> {
  const reader = new ByteReader(file, start, end);
  while (!reader.atEnd) {
    const tagOffset = reader.offset;
    const tag = Number(readVarint(reader));
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    let value = 0n;
    let length = 0;
    if (wire === VARINT) value = readVarint(reader);
    else if (wire === FIXED64) length = 8;
    else if (wire === FIXED32) length = 4;
    else if (wire === BYTES) length = Number(readVarint(reader));
    else throw reader.error(`a field must be of wire type 0, 1, 2 or 5, got ${wire}`, tagOffset);
    if (number === 0) throw reader.error('a field must have a number of at least 1, got 0', tagOffset);
    const from = reader.offset;
    reader.skip(length, `field ${number}`);
    yield { number, value, start: from, end: reader.offset };
  }
}

/** Returns the next varint as an unsigned 64-bit integer. */
function readVarint(reader: ByteReader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.u8('varint');
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw reader.error('a varint must have at most 10 bytes');
}

/** Returns the varints packed between two offsets. */
export function packedVarints(file: RandomAccessFile, start: number, end: number): bigint[] {
  const reader = new ByteReader(file, start, end);
  const values: bigint[] = [];
  while (!reader.atEnd) values.push(readVarint(reader));
  return values;
}
