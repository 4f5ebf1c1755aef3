import { UserError } from '../userError.ts';
import type { RandomAccessFile } from './randomAccessFile.ts';

/** Bytes read at a time: few at first, since many readers take only a handful, then more and more. */
const FIRST_WINDOW = 256;
const LAST_WINDOW = 1 << 16;

/** Reads a part of a file from front to back; whatever lies outside of the part is a UserError with the offset. */
export class ByteReader {
  readonly file: RandomAccessFile;
  readonly end: number;
  offset: number;
  private window: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  private windowStart = 0;
  private nextWindow = FIRST_WINDOW;

  constructor(file: RandomAccessFile, offset = 0, end = file.size) {
    this.file = file;
    this.offset = offset;
    this.end = Math.min(end, file.size);
    if (!(offset >= 0 && offset <= this.end)) {
      throw new UserError(`${file.path}: offset must be in 0..${this.end}, got ${offset}`);
    }
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  /** Returns the error that something at `offset` is not what it must be. */
  error(message: string, offset = this.offset): UserError {
    return new UserError(`${this.file.path}: ${message} at offset ${offset}`);
  }

  u8(what: string): number {
    const at = this.take(1, what);
    return this.view.getUint8(at);
  }

  u16(what: string): number {
    const at = this.take(2, what);
    return this.view.getUint16(at, true);
  }

  u32(what: string): number {
    const at = this.take(4, what);
    return this.view.getUint32(at, true);
  }

  i32(what: string): number {
    const at = this.take(4, what);
    return this.view.getInt32(at, true);
  }

  /** An unsigned 64-bit size or offset; one beyond 2^53 is refused, since no file is that large. */
  u64(what: string): number {
    const at = this.take(8, what);
    const value = this.view.getBigUint64(at, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.error(`${what} must be at most 2^53, got ${value}`, this.offset - 8);
    }
    return Number(value);
  }

  f64BigEndian(what: string): number {
    const at = this.take(8, what);
    return this.view.getFloat64(at, false);
  }

  bytes(length: number, what: string): Uint8Array<ArrayBuffer> {
    this.check(length, what);
    const bytes = this.file.read(this.offset, length, what);
    this.offset += length;
    return bytes;
  }

  skip(length: number, what: string): void {
    this.check(length, what);
    this.offset += length;
  }

  text(length: number, what: string): string {
    return new TextDecoder().decode(this.bytes(length, what));
  }

  /** Returns the text before the next `stop` byte, which is read too; `limit` bytes at most. */
  textUntil(stop: number, what: string, limit = 4096): string {
    return new TextDecoder().decode(this.bytesUntil(stop, what, limit));
  }

  /** Returns the bytes before the next `stop`, and goes on behind that. */
  bytesUntil(stop: number, what: string, limit: number): Uint8Array<ArrayBuffer> {
    const start = this.offset;
    while (this.u8(what) !== stop) {
      if (this.offset - start > limit) throw this.error(`${what} must end within ${limit} bytes`);
    }
    const end = this.offset;
    this.offset = start;
    const bytes = this.bytes(end - start - 1, what);
    this.offset = end;
    return bytes;
  }

  private check(length: number, what: string): void {
    if (!(length >= 0 && length <= this.end - this.offset)) {
      throw this.error(`${what} is cut off: ${length} bytes must follow, got ${this.end - this.offset},`);
    }
  }

  /** Makes sure that `length` bytes are in the window, moves past them and returns where they begin in it. */
  private take(length: number, what: string): number {
    this.check(length, what);
    if (this.offset < this.windowStart || this.offset + length > this.windowStart + this.window.length) {
      this.windowStart = this.offset;
      this.window = this.file.read(this.offset, Math.min(this.nextWindow, this.end - this.offset), what);
      this.nextWindow = Math.min(2 * this.nextWindow, LAST_WINDOW);
      this.view = new DataView(this.window.buffer);
    }
    const start = this.offset - this.windowStart;
    this.offset += length;
    return start;
  }
}
