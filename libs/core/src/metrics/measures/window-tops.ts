import { grownInts } from '../../windowing/grow';
import type { ByteReader } from '../checkpoint/byte-reader';
import type { ByteWriter } from '../checkpoint/byte-writer';
import type { FieldKeySpace } from '../groups/key-space';
import type { TopPart } from '../plan/metric-plan';
import type { Amounts } from './ranking';
import { rankLargest } from './ranking';
import { TopTable, noAmounts, writeAmount } from './top-table';

const NONE = -1;
/**
 * Of an open window a partition tells the merge no more values than these: it is told again and again. What it tells of a closed
 * one is complete.
 */
export const MAX_OPEN_VALUES = 2000;

/** The largest amounts of a row, in their order: values[order[i]] for i < count. */
export interface Ranked {
  readonly values: Amounts;
  readonly order: Int32Array;
  readonly count: number;
  /** Values were left out where they were counted. */
  readonly truncated: boolean;
}

/**
 * Where the values of the rows of a window come from, for each `top`: chains of sources, each of one owner in one slice or part.
 * They are put together when somebody looks at them, and most groups are filtered out before.
 */
export class WindowTops {
  /** Newest source by row and top. */
  private heads = new Int32Array(0);
  private readonly tables: TopTable[] = [];
  private owners = new Int32Array(0);
  private next = new Int32Array(0);
  private sources = 0;
  private readonly counted = new Set<number>();

  /** @param members what the values of each top are ids of */
  constructor(
    private readonly parts: readonly TopPart[],
    private readonly members: readonly FieldKeySpace[],
  ) {}

  clear(): void {
    this.heads.fill(NONE);
    this.sources = 0;
  }

  /** Adds what an owner has. It must not change before the row is looked at. */
  add(row: number, top: number, table: TopTable, owner: number): void {
    const at = row * this.parts.length + top;
    this.heads = grownInts(this.heads, at + 1, NONE);
    const source = this.sources++;
    this.owners = grownInts(this.owners, this.sources);
    this.next = grownInts(this.next, this.sources);
    this.tables[source] = table;
    this.owners[source] = owner;
    this.next[source] = this.heads[at] as number;
    this.heads[at] = source;
  }

  /** Adds what a row of others has, which has one source at most. */
  copy(row: number, from: WindowTops, fromRow: number, top: number): void {
    const source = from.headOf(fromRow, top);
    if (source !== NONE) this.add(row, top, from.tables[source] as TopTable, from.owners[source] as number);
  }

  /** The largest amounts of a row. */
  largest(row: number, top: number, most: number): Ranked {
    const chain: number[] = [];
    for (let source = this.headOf(row, top); source !== NONE; source = this.next[source] as number) chain.push(source);
    const values = noAmounts();
    let truncated = false;
    const members = this.members[top] as FieldKeySpace;
    const only = chain[0];
    if (only !== undefined && chain.length === 1) this.list(only, values);
    else if (chain.length > 1) {
      const merged = new TopTable((this.parts[top] as TopPart).kind, members, Infinity);
      // Oldest first: sums of doubles depend on it.
      for (const source of chain.reverse()) {
        (this.tables[source] as TopTable).mergeInto(this.owners[source] as number, merged, 0);
      }
      merged.listInto(0, values);
      merged.release();
    }
    for (const source of chain) {
      truncated ||= (this.tables[source] as TopTable).isTruncated(this.owners[source] as number);
    }
    return { values, ...rankLargest(values, members, most), truncated };
  }

  /** How many values a row has. */
  countOf(row: number, top: number): number {
    const first = this.headOf(row, top);
    if (first === NONE) return 0;
    const table = this.tables[first] as TopTable;
    if (this.next[first] === NONE) return table.countOf(this.owners[first] as number);
    this.counted.clear();
    for (let source = first; source !== NONE; source = this.next[source] as number) {
      (this.tables[source] as TopTable).addMembers(this.owners[source] as number, this.counted);
    }
    return this.counted.size;
  }

  /** Appends a row's values, as many as fit into a part. */
  write(row: number, top: number, frozen: boolean, writer: ByteWriter): void {
    const { kind, maxBytes } = this.parts[top] as TopPart;
    const members = this.members[top] as FieldKeySpace;
    const { values, order, count, truncated } = this.largest(row, top, frozen ? Infinity : MAX_OPEN_VALUES);
    let fitting = 0;
    for (let bytes = 0; fitting < count; fitting++) {
      bytes += TopTable.sizeOf(members, values.members[order[fitting] as number] as number);
      if (bytes > maxBytes) break;
    }
    writer.byte(truncated || fitting < values.count ? 1 : 0);
    writer.count(fitting);
    for (const at of order.subarray(0, fitting)) {
      members.write(values.members[at] as number, writer);
      writeAmount(writer, kind, values.amounts[at] as number, values.carries[at] as number);
    }
  }

  /** Replaces a row's values by what `write` wrote. @throws RangeError when it is cut short */
  read(row: number, top: number, reader: ByteReader): void {
    const { kind } = this.parts[top] as TopPart;
    const table = new TopTable(kind, this.members[top] as FieldKeySpace, Infinity);
    table.read(0, reader);
    const source = this.headOf(row, top);
    if (source === NONE) return this.add(row, top, table, 0);
    (this.tables[source] as TopTable).release();
    this.tables[source] = table;
  }

  private list(source: number, into: Amounts): void {
    (this.tables[source] as TopTable).listInto(this.owners[source] as number, into);
  }

  private headOf(row: number, top: number): number {
    return this.heads[row * this.parts.length + top] ?? NONE;
  }
}
