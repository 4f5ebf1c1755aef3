import type { ByteReader } from '../../../base/files/byteReader.ts';
import { checkCount } from '../../../base/files/limits.ts';
import { escapedText, quotedText } from './pickleLines.ts';
import { isKind, type PickleList, type PickleValue, standIn } from './pickleValue.ts';

/** Says what the calls in a pickle stand for. */
export interface PickleBuilder {
  /** The value of `name(*args)`; undefined: not known, an inert stand-in takes its place. What is known but malformed is a UserError. */
  call(name: string, args: readonly PickleValue[]): PickleValue | undefined;
  /** The value of a persistent id; undefined as above. */
  persistent(id: PickleValue): PickleValue | undefined;
}

/** A state dict needs about sixty for each tensor. */
const MAX_OPCODES = 4_000_000;

/**
 * Returns the value of the pickle at the reader and leaves the reader behind it. Nothing is imported, called or executed: a pickle can make
 * plain values, lists, tuples, sets and dicts, and what `builder` knows; every other name, call or object becomes an inert stand-in. What is
 * no pickle is a UserError with the offset.
 */
export function readPickle(reader: ByteReader, builder: PickleBuilder): PickleValue {
  return new Unpickler(reader, builder).run();
}

class Unpickler {
  private readonly reader: ByteReader;
  private readonly builder: PickleBuilder;
  private stack: PickleValue[] = [];
  private readonly marked: PickleValue[][] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(reader: ByteReader, builder: PickleBuilder) {
    this.reader = reader;
    this.builder = builder;
  }

  run(): PickleValue {
    for (let count = 1; ; count++) {
      checkCount(this.reader.file, 'pickle opcodes', count, MAX_OPCODES);
      const offset = this.reader.offset;
      const code = this.reader.u8('pickle');
      if (code === 0x2e) return this.pop();
      const step = STEPS[code];
      if (step === undefined) {
        throw this.reader.error(`pickle opcode 0x${code.toString(16)} is refused`, offset);
      }
      step(this, this.reader);
    }
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined) throw this.reader.error('a pickle must not take from an empty stack, found');
    return value;
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.marked.push(this.stack);
    this.stack = [];
  }

  popMark(): PickleValue[] {
    const items = this.stack;
    const below = this.marked.pop();
    if (below === undefined) throw this.reader.error('a pickle must set a mark first, found none');
    this.stack = below;
    return items;
  }

  put(index: number): void {
    this.memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.reader.error(`a pickle must store memo ${index} first, found none`);
    this.push(value);
  }

  extend(items: readonly PickleValue[]): void {
    const list = this.top();
    if (isKind(list, 'list') || isKind(list, 'object')) {
      for (const item of items) list.items.push(item);
    } else if (!isKind(list, 'built') && !isKind(list, 'global')) {
      throw this.reader.error('a pickle must append to a list');
    }
  }

  setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (items.length % 2 !== 0) throw this.reader.error('a pickle must set keys and values of a dict');
    if (isKind(dict, 'dict') || isKind(dict, 'object')) {
      for (let i = 0; i < items.length; i += 2) dict.entries.push([items[i]!, items[i + 1]!]);
    } else if (!isKind(dict, 'built') && !isKind(dict, 'global')) {
      throw this.reader.error('a pickle must set keys and values of a dict');
    }
  }

  global(module: PickleValue, name: PickleValue): void {
    if (typeof module !== 'string' || typeof name !== 'string') {
      throw this.reader.error('the name of a global must be text');
    }
    this.push({ kind: 'global', name: `${module}.${name}` });
  }

  /** Takes what a call would return: known to the builder, or a stand-in. */
  call(callee: PickleValue, args: PickleValue): void {
    const isNamed = isKind(callee, 'global') || isKind(callee, 'object');
    if (!isNamed || !isKind(args, 'list')) {
      throw this.reader.error('a pickle must call a global with a tuple');
    }
    const made = isKind(callee, 'global') ? this.builder.call(callee.name, args.items) : undefined;
    if (made !== undefined) this.push(made);
    else this.push({ ...standIn(callee.name), args });
  }

  persistent(id: PickleValue): void {
    this.push(this.builder.persistent(id) ?? standIn('persistent id', [id]));
  }

  /** State that is set on an object. What PyTorch hangs on dicts, parameters and tensors is nothing to us. */
  build(): void {
    const state = this.pop();
    const target = this.top();
    if (isKind(target, 'object')) target.state = state;
    else if (typeof target !== 'object' || target === null) {
      throw this.reader.error('a pickle must set the state of an object');
    }
  }
}

type Step = (machine: Unpickler, reader: ByteReader) => void;

const NEWLINE = 0x0a;
const list = (items: PickleValue[]): PickleList => ({ kind: 'list', items });
const pushText =
  (length: (reader: ByteReader) => number): Step =>
  (machine, reader) =>
    machine.push(reader.text(length(reader), 'string'));
const pushBytes =
  (length: (reader: ByteReader) => number): Step =>
  (machine, reader) =>
    machine.push(reader.bytes(length(reader), 'bytes'));
/** Text of Python 2, which may be bytes: one character for each byte keeps both. */
const pushLatin1 =
  (length: (reader: ByteReader) => number): Step =>
  (machine, reader) =>
    machine.push(Buffer.from(reader.bytes(length(reader), 'string')).toString('latin1'));
const extension = (code: number): PickleValue => ({ kind: 'global', name: `extension ${code}` });
const callOf: Step = (machine) => {
  const args = machine.pop();
  machine.call(machine.pop(), args);
};
const u8 = (reader: ByteReader): number => reader.u8('length');
const u32 = (reader: ByteReader): number => reader.u32('length');
const u64 = (reader: ByteReader): number => reader.u64('length');

function tupleOf(count: number): Step {
  return (machine) => {
    const items = Array.from({ length: count }, () => machine.pop()).reverse();
    machine.push(list(items));
  };
}

/** A little-endian two's complement integer; a plain number where that is exact. */
function pushLong(length: (reader: ByteReader) => number): Step {
  return (machine, reader) => {
    const bytes = reader.bytes(length(reader), 'integer');
    if (bytes.length > 64) throw reader.error('an integer must have at most 64 bytes');
    let value = 0n;
    for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    if (bytes.length > 0) value = BigInt.asIntN(8 * bytes.length, value);
    const number = Number(value);
    machine.push(Number.isSafeInteger(number) ? number : value);
  };
}

function pushDecimal(machine: Unpickler, reader: ByteReader): void {
  const text = reader.textUntil(NEWLINE, 'number');
  if (text === '00' || text === '01') {
    machine.push(text === '01');
    return;
  }
  const value = Number(text.replace(/L$/, ''));
  if (Number.isNaN(value)) throw reader.error('a number must be a number');
  machine.push(value);
}

/** Opcodes by their byte, of protocols 0 to 5. */
const STEPS: Readonly<Record<number, Step>> = {
  40: (machine) => machine.mark(), // MARK
  41: (machine) => machine.push(list([])), // EMPTY_TUPLE
  48: (machine) => void machine.pop(), // POP
  49: (machine) => void machine.popMark(), // POP_MARK
  50: (machine) => machine.push(machine.top()), // DUP
  66: pushBytes(u32), // BINBYTES
  67: pushBytes(u8), // SHORT_BINBYTES
  70: pushDecimal, // FLOAT
  71: (machine, reader) => machine.push(reader.f64BigEndian('float')), // BINFLOAT
  73: pushDecimal, // INT
  74: (machine, reader) => machine.push(reader.i32('integer')), // BININT
  75: (machine, reader) => machine.push(reader.u8('integer')), // BININT1
  76: pushDecimal, // LONG
  77: (machine, reader) => machine.push(reader.u16('integer')), // BININT2
  78: (machine) => machine.push(null), // NONE
  80: (machine, reader) => machine.persistent(reader.textUntil(NEWLINE, 'persistent id')), // PERSID
  81: (machine) => machine.persistent(machine.pop()), // BINPERSID
  82: callOf, // REDUCE
  83: (machine, reader) => machine.push(quotedText(reader)), // STRING
  84: pushLatin1(u32), // BINSTRING
  85: pushLatin1(u8), // SHORT_BINSTRING
  86: (machine, reader) => machine.push(escapedText(reader)), // UNICODE
  88: pushText(u32), // BINUNICODE
  93: (machine) => machine.push(list([])), // EMPTY_LIST
  97: (machine) => {
    const item = machine.pop();
    machine.extend([item]);
  }, // APPEND
  98: (machine) => machine.build(), // BUILD
  99: (machine, reader) => {
    const module = reader.textUntil(NEWLINE, 'module');
    machine.global(module, reader.textUntil(NEWLINE, 'name'));
  }, // GLOBAL
  100: (machine) => {
    const items = machine.popMark();
    machine.push({ kind: 'dict', entries: [] });
    machine.setItems(items);
  }, // DICT
  101: (machine) => {
    const items = machine.popMark();
    machine.extend(items);
  }, // APPENDS
  103: (machine, reader) => machine.get(Number(reader.textUntil(NEWLINE, 'memo'))), // GET
  104: (machine, reader) => machine.get(reader.u8('memo')), // BINGET
  105: (machine, reader) => {
    const args = list(machine.popMark());
    const module = reader.textUntil(NEWLINE, 'module');
    machine.global(module, reader.textUntil(NEWLINE, 'name'));
    machine.call(machine.pop(), args);
  }, // INST
  106: (machine, reader) => machine.get(reader.u32('memo')), // LONG_BINGET
  108: (machine) => machine.push(list(machine.popMark())), // LIST
  111: (machine) => {
    const [callee = null, ...args] = machine.popMark();
    machine.call(callee, list(args));
  }, // OBJ
  112: (machine, reader) => machine.put(Number(reader.textUntil(NEWLINE, 'memo'))), // PUT
  113: (machine, reader) => machine.put(reader.u8('memo')), // BINPUT
  114: (machine, reader) => machine.put(reader.u32('memo')), // LONG_BINPUT
  115: (machine) => {
    const value = machine.pop();
    const key = machine.pop();
    machine.setItems([key, value]);
  }, // SETITEM
  116: (machine) => machine.push(list(machine.popMark())), // TUPLE
  117: (machine) => {
    const items = machine.popMark();
    machine.setItems(items);
  }, // SETITEMS
  125: (machine) => machine.push({ kind: 'dict', entries: [] }), // EMPTY_DICT
  128: (_, reader) => {
    const protocol = reader.u8('protocol');
    if (protocol > 5) throw reader.error(`the pickle protocol must be at most 5, got ${protocol}`);
  }, // PROTO
  129: callOf, // NEWOBJ
  130: (machine, reader) => machine.push(extension(reader.u8('extension'))), // EXT1
  131: (machine, reader) => machine.push(extension(reader.u16('extension'))), // EXT2
  132: (machine, reader) => machine.push(extension(reader.u32('extension'))), // EXT4
  133: tupleOf(1),
  134: tupleOf(2),
  135: tupleOf(3),
  136: (machine) => machine.push(true), // NEWTRUE
  137: (machine) => machine.push(false), // NEWFALSE
  138: pushLong(u8), // LONG1
  139: pushLong(u32), // LONG4
  140: pushText(u8), // SHORT_BINUNICODE
  141: pushText(u64), // BINUNICODE8
  142: pushBytes(u64), // BINBYTES8
  143: (machine) => machine.push(list([])), // EMPTY_SET
  144: (machine) => {
    const items = machine.popMark();
    machine.extend(items);
  }, // ADDITEMS
  145: (machine) => machine.push(list(machine.popMark())), // FROZENSET
  146: (machine) => {
    const named = machine.pop();
    const args = machine.pop();
    const callee = machine.pop();
    if (!isKind(args, 'list')) machine.call(callee, args);
    else machine.call(callee, list([...args.items, named]));
  }, // NEWOBJ_EX
  147: (machine) => {
    const name = machine.pop();
    const module = machine.pop();
    machine.global(module, name);
  }, // STACK_GLOBAL
  148: (machine) => machine.memoize(), // MEMOIZE
  149: (_, reader) => void reader.u64('frame'), // FRAME
  150: pushBytes(u64), // BYTEARRAY8
  151: (machine) => machine.push(standIn('a buffer outside of the file')), // NEXT_BUFFER
  152: () => {}, // READONLY_BUFFER
};
