/** Castagnoli polynomial, bits reversed (RFC 3720, appendix B.4). */
const CASTAGNOLI = 0x82f63b78;
/** TensorFlow masks checksums, so that one of data that holds a checksum is no special case (tensorflow/core/lib/hash/crc32c.h). */
const MASK_DELTA = 0xa282ead8;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CASTAGNOLI : value >>> 1;
  return value;
});

/** Returns the CRC-32C of the bytes. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Returns the data as one record of a TFRecord file: length, its checksum, data, their checksum. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(data.byteLength + 16);
  record.writeBigUInt64LE(BigInt(data.byteLength), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.byteLength);
  return record;
}

function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
