/** Encodes one protocol-buffer message; fields are appended in the order of the calls. */
export class ProtoMessage {
  private readonly chunks: Uint8Array[] = [];

  /** Appends an integer field of type int32, int64, bool or enum; negative values take ten bytes, as the format asks. */
  int(field: number, value: number | bigint): this {
    this.chunks.push(varint((field << 3) | 0), varint(value));
    return this;
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.chunks.push(varint((field << 3) | 5), bytes);
    return this;
  }

  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.chunks.push(varint((field << 3) | 1), bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.chunks.push(varint((field << 3) | 2), varint(value.byteLength), value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  message(field: number, value: ProtoMessage): this {
    return this.bytes(field, value.finish());
  }

  finish(): Uint8Array {
    return Buffer.concat(this.chunks);
  }
}

function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
