/** Rows that are packed together. */
const BLOCK_ROWS = 1024;

type Keys = readonly string[];

/** One value that all rows share, or one for each. */
type Column = { shared: unknown } | { each: ArrayLike<unknown> };

interface Block {
  length: number;
  /** The keys of each row, in its order. */
  keys: { all: Keys } | { each: readonly Keys[] };
  columns: ReadonlyMap<string, Column>;
}

/**
 * Rows held by column: in an object of its own each value takes 8 bytes and each number that is not whole 16 more, so that those of
 * hundreds of thousands of layers would take hundreds of megabytes. Every walk makes the rows anew, equal to those that were added,
 * in their order and each with its keys in order.
 */
export class PackedRows<Row extends object> implements Iterable<Row> {
  private readonly blocks: Block[] = [];
  /** Rows that are not packed yet. */
  private last: Row[] = [];
  private packed = 0;
  /** Each list of keys once: almost all rows share one. */
  private readonly known = new Map<string, Keys>();

  get length(): number {
    return this.packed + this.last.length;
  }

  /** Adds a row, which must not be changed afterwards. */
  push(row: Row): void {
    this.last.push(row);
    if (this.last.length === BLOCK_ROWS) this.pack();
  }

  /** Adds the rows of others. */
  append(others: PackedRows<Row>): void {
    this.pack();
    others.pack();
    for (const block of others.blocks) this.blocks.push(block);
    this.packed += others.packed;
  }

  *[Symbol.iterator](): Generator<Row> {
    for (const block of this.blocks) for (let i = 0; i < block.length; i++) yield rowOf<Row>(block, i);
    yield* this.last;
  }

  toJSON(): Row[] {
    return [...this];
  }

  private pack(): void {
    const rows = this.last as Record<string, unknown>[];
    if (rows.length === 0) return;
    const each = rows.map((row) => this.keysOf(row));
    const isOne = each.every((keys) => keys === each[0]);
    const columns = new Map<string, Column>();
    for (const key of new Set(isOne ? each[0] : each.flat())) columns.set(key, columnOf(rows, key));
    this.blocks.push({ length: rows.length, keys: isOne ? { all: each[0]! } : { each }, columns });
    this.packed += rows.length;
    this.last = [];
  }

  private keysOf(row: object): Keys {
    const keys = Object.keys(row);
    const name = JSON.stringify(keys);
    const known = this.known.get(name) ?? keys;
    this.known.set(name, known);
    return known;
  }
}

function columnOf(rows: readonly Record<string, unknown>[], key: string): Column {
  const values = rows.map((row) => row[key]);
  const [first] = values;
  if (values.every((value) => Object.is(value, first))) return { shared: first };
  const areNumbers = values.every((value) => typeof value === 'number');
  return { each: areNumbers ? Float64Array.from(values as number[]) : values };
}

function rowOf<Row>({ keys, columns }: Block, index: number): Row {
  const row: Record<string, unknown> = {};
  for (const key of 'all' in keys ? keys.all : keys.each[index]!) {
    const column = columns.get(key)!;
    row[key] = 'each' in column ? column.each[index] : column.shared;
  }
  return row as Row;
}
