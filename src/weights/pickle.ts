import type { ByteReader } from './byteReader.ts';
import { checkCount } from './limits.ts';
import { isKind, type PickleList, type PickleValue } from './pickleValue.ts';

/** Decides what a pickle may make. Each returns null to refuse. */
export interface PickleBuilder {
  /** Whether the global `module.name` may be named at all. */
  allows(name: string): boolean;
  /** The result of calling an allowed global. */
  call(name: string, args: readonly PickleValue[]): PickleValue | null;
  /** The object of a persistent id. */
  persistent(id: PickleValue): PickleValue | null;
}

const MAX_TEXT = 1 << 20;
/** A state dict needs about sixty for each tensor. */
const MAX_OPCODES = 4_000_000;

/**
 * Returns the value of the pickle at the reader and leaves the reader behind it. Nothing is ever executed: a pickle can make plain values,
 * lists, tuples, sets and dicts, and what `builder` allows; everything else is a UserError with the offset.
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
      step(this, this.reader, offset);
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
    if (!isKind(list, 'list')) throw this.reader.error('a pickle must append to a list');
    for (const item of items) list.items.push(item);
  }

  setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!isKind(dict, 'dict') || items.length % 2 !== 0) {
      throw this.reader.error('a pickle must set keys and values of a dict');
    }
    for (let i = 0; i < items.length; i += 2) dict.entries.push([items[i]!, items[i + 1]!]);
  }

  global(module: PickleValue, name: PickleValue, offset: number): void {
    const full = `${module}.${name}`;
    if (typeof module !== 'string' || typeof name !== 'string' || !this.builder.allows(full)) {
      throw this.reader.error(`${refusal(full)}: only tensors and containers are read,`, offset);
    }
    this.push({ kind: 'global', name: full });
  }

  call(offset: number): void {
    const args = this.pop();
    const callee = this.pop();
    if (!isKind(callee, 'global') || !isKind(args, 'list')) {
      throw this.reader.error('a pickle must call a global with a tuple', offset);
    }
    const made = this.builder.call(callee.name, args.items);
    if (made === null)
      throw this.reader.error(`a call of ${callee.name} with these arguments is refused`, offset);
    this.push(made);
  }

  persistent(offset: number): void {
    const made = this.builder.persistent(this.pop());
    if (made === null) throw this.reader.error('a persistent id must name a storage', offset);
    this.push(made);
  }

  /** State that is set on an object: only the attributes that PyTorch hangs on a dict are passed over. */
  build(offset: number): void {
    const state = this.pop();
    const target = this.top();
    if (!isKind(target, 'dict') || !isKind(state, 'dict')) {
      throw this.reader.error('the state of an object is refused', offset);
    }
  }
}

const refusal = (name: string): string =>
  `global ${JSON.stringify(name.slice(0, 100)).slice(1, -1)} is refused`;

type Step = (machine: Unpickler, reader: ByteReader, offset: number) => void;

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

/** Opcodes by their byte, of protocols 0 to 5 as far as state dicts need them. */
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
  81: (machine, _, offset) => machine.persistent(offset), // BINPERSID
  82: (machine, _, offset) => machine.call(offset), // REDUCE
  84: pushText(u32), // BINSTRING
  85: pushText(u8), // SHORT_BINSTRING
  86: (machine, reader) => machine.push(reader.textUntil(NEWLINE, 'string', MAX_TEXT)), // UNICODE
  88: pushText(u32), // BINUNICODE
  93: (machine) => machine.push(list([])), // EMPTY_LIST
  97: (machine) => {
    const item = machine.pop();
    machine.extend([item]);
  }, // APPEND
  98: (machine, _, offset) => machine.build(offset), // BUILD
  99: (machine, reader, offset) => {
    const module = reader.textUntil(NEWLINE, 'module');
    machine.global(module, reader.textUntil(NEWLINE, 'name'), offset);
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
  104: (machine, reader) => machine.get(reader.u8('memo')), // BINGET
  106: (machine, reader) => machine.get(reader.u32('memo')), // LONG_BINGET
  108: (machine) => machine.push(list(machine.popMark())), // LIST
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
  147: (machine, _, offset) => {
    const name = machine.pop();
    const module = machine.pop();
    machine.global(module, name, offset);
  }, // STACK_GLOBAL
  148: (machine) => machine.memoize(), // MEMOIZE
  149: (_, reader) => void reader.u64('frame'), // FRAME
};
