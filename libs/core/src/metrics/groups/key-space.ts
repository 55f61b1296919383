import type { Column } from '../../batch/event-batch';
import type { Field, FieldType } from '../../stream/schema';
import { grownInts } from '../../windowing/grow';
import { IntList } from '../../windowing/int-list';
import { PairTable } from '../../windowing/pair-table';
import type { BatchView } from '../slices/batch-view';
import type { ByteReader } from '../checkpoint/byte-reader';
import type { ByteWriter } from '../checkpoint/byte-writer';
import { writeGroupNull, writeGroupNumber, writeGroupTextHead } from './group-key';
import type { ItemValues } from '../measures/item-values';
import { KeyInterner } from './key-interner';

const UNRESOLVED = -1;
export const NULL_ID = 0;

/**
 * Turns the values that rows have in some fields into dense ids, at most once per row and batch however many metrics ask.
 * Ids are references counted: what nothing retains is forgotten by `sweep` and its id used again, so tables indexed by
 * ids stay as small as the open windows.
 */
export interface KeySpace {
  /** By row of the current batch; valid for rows that were resolved. */
  readonly ids: Int32Array;
  /** All ids are below this. */
  readonly limit: number;
  begin(view: BatchView): void;
  /** Fills in `ids` for rows[from, to), or those of them whose byte in `mask` is 1. */
  resolve(rows: Int32Array, from: number, to: number, mask: Uint8Array | null): void;
  retain(id: number): void;
  release(id: number): void;
  sweep(): void;
  /** Appends the group key (or the part of it that these fields are). */
  write(id: number, writer: ByteWriter): void;
  /** Id of a key written by `write`. */
  read(reader: ByteReader): number;
  /** Values alive. */
  readonly size: number;
}

/** The empty list of fields: every row has the one id 0. */
export class UnitKeySpace implements KeySpace {
  ids = new Int32Array(0);
  readonly limit = 1;
  readonly size = 0;

  begin(view: BatchView): void {
    this.ids = grownInts(this.ids, view.batch.rows);
  }

  resolve(): void {
    return;
  }

  retain(): void {
    return;
  }

  release(): void {
    return;
  }

  sweep(): void {
    return;
  }

  write(): void {
    return;
  }

  read(): number {
    return 0;
  }
}

/** The values of one field. Null is id 0. */
export class FieldKeySpace implements KeySpace {
  ids = new Int32Array(0);
  private readonly interner = new KeyInterner();
  private column: Column | null = null;
  /** By dictionary entry of the current batch. */
  private entryIds = new Int32Array(0);
  private pending = new Int32Array(0);
  private readonly scratch = new Uint8Array(8);
  private readonly scratchView = new DataView(this.scratch.buffer);

  /** `emptyIsNull`: of the stream's key an empty text counts as absent. */
  constructor(
    private readonly field: Field,
    private readonly emptyIsNull: boolean,
  ) {}

  get limit(): number {
    return this.interner.limit;
  }

  get size(): number {
    return this.interner.size;
  }

  get type(): FieldType {
    return this.field.type;
  }

  begin(view: BatchView): void {
    const { rows } = view.batch;
    this.column = view.batch.columns.get(this.field.number) ?? null;
    this.ids = grownInts(this.ids, rows);
    this.ids.fill(UNRESOLVED, 0, rows);
    if (this.column?.kind === 'dictionary') {
      const entries = this.column.offsets.length - 1;
      this.entryIds = grownInts(this.entryIds, entries);
      this.entryIds.fill(UNRESOLVED, 0, entries);
    }
  }

  resolve(rows: Int32Array, from: number, to: number, mask: Uint8Array | null): void {
    const { ids, column } = this;
    if (column === null) {
      for (let i = from; i < to; i++) ids[rows[i] as number] = NULL_ID;
    } else if (column.kind === 'dictionary') {
      const { indices } = column;
      const { entryIds } = this;
      for (let i = from; i < to; i++) {
        const row = rows[i] as number;
        const entry = indices[row] as number;
        let id = entry < 0 ? NULL_ID : (entryIds[entry] as number);
        if (id === UNRESOLVED) {
          id = this.internText(column.bytes, column.offsets[entry] as number, column.offsets[entry + 1] as number);
          entryIds[entry] = id;
        }
        ids[row] = id;
      }
    } else if (column.kind === 'text') {
      const { bytes, offsets, nulls } = column;
      this.pending = grownInts(this.pending, to - from);
      const { pending, emptyIsNull } = this;
      let count = 0;
      for (let i = from; i < to; i++) {
        const row = rows[i] as number;
        if ((mask !== null && mask[row] === 0) || ids[row] !== UNRESOLVED) continue;
        if ((nulls !== null && nulls[row] === 1) || (emptyIsNull && offsets[row] === offsets[row + 1]))
          ids[row] = NULL_ID;
        else pending[count++] = row;
      }
      this.interner.internRows(bytes, offsets, pending, 0, count, ids);
    } else {
      const { values } = column;
      for (let i = from; i < to; i++) {
        const row = rows[i] as number;
        if ((mask !== null && mask[row] === 0) || ids[row] !== UNRESOLVED) continue;
        ids[row] = this.internNumber(values[row] as number);
      }
    }
  }

  retain(id: number): void {
    if (id !== NULL_ID) this.interner.retain(id);
  }

  release(id: number): void {
    if (id !== NULL_ID) this.interner.release(id);
  }

  sweep(): void {
    this.interner.sweep();
  }

  write(id: number, writer: ByteWriter): void {
    if (id === NULL_ID) return writeGroupNull(writer);
    if (this.type === 'string') {
      writeGroupTextHead(writer, this.interner.length(id));
      this.interner.write(id, writer);
    } else {
      writeGroupNumber(writer, this.numberOf(id), this.type);
    }
  }

  read(reader: ByteReader): number {
    if (reader.byte() === 0) return NULL_ID;
    if (this.type === 'string') {
      const start = reader.skipBytes();
      if (start === reader.at && this.emptyIsNull) return NULL_ID;
      return this.interner.internAt(reader.view, start, reader.at);
    }
    return this.internNumber(this.type === 'bool' ? reader.byte() : reader.double());
  }

  /** Length of a text, or of a number's double, in bytes. */
  byteLength(id: number): number {
    return this.interner.length(id);
  }

  /** A value that is no text; bools are 0 and 1. */
  numberOf(id: number): number {
    this.scratch.set(this.interner.bytesOf(id).subarray(0, 8));
    return this.scratchView.getFloat64(0, true);
  }

  /** Negative, 0 or positive: texts are ordered byte by byte (which is by code point), everything else as numbers. */
  compare(a: number, b: number): number {
    return this.type === 'string' ? this.interner.compare(a, b) : this.numberOf(a) - this.numberOf(b);
  }

  /** Appends a value to others of its type. */
  pushTo(items: ItemValues, id: number): void {
    if (this.type === 'string') items.pushText(this.interner.bytesOf(id), 0, this.interner.length(id));
    else items.pushNumber(this.numberOf(id));
  }

  /** About how many bytes `write` takes. */
  get typicalLength(): number {
    return this.interner.typicalLength + 3;
  }

  private internText(bytes: Uint8Array, start: number, end: number): number {
    return start === end && this.emptyIsNull ? NULL_ID : this.interner.intern(bytes, start, end);
  }

  private internNumber(value: number): number {
    if (Number.isNaN(value)) return NULL_ID;
    this.scratchView.setFloat64(0, value + 0, true); // -0 is 0
    return this.interner.intern(this.scratch, 0, 8);
  }
}

/** Values of several fields, as pairs of (those before the last, the last). */
export class PairKeySpace implements KeySpace {
  ids = new Int32Array(0);
  private readonly pairs = new PairTable();
  private refs = new Int32Array(0);
  private readonly unreferenced = new IntList();

  constructor(
    private readonly left: KeySpace,
    private readonly right: KeySpace,
  ) {}

  get limit(): number {
    return this.pairs.limit;
  }

  get size(): number {
    return this.pairs.size;
  }

  begin(view: BatchView): void {
    const { rows } = view.batch;
    this.ids = grownInts(this.ids, rows);
    this.ids.fill(UNRESOLVED, 0, rows);
  }

  resolve(rows: Int32Array, from: number, to: number, mask: Uint8Array | null): void {
    this.left.resolve(rows, from, to, mask);
    this.right.resolve(rows, from, to, mask);
    const { ids } = this;
    const lefts = this.left.ids;
    const rights = this.right.ids;
    for (let i = from; i < to; i++) {
      const row = rows[i] as number;
      if ((mask !== null && mask[row] === 0) || ids[row] !== UNRESOLVED) continue;
      ids[row] = this.intern(lefts[row] as number, rights[row] as number);
    }
  }

  retain(id: number): void {
    this.refs[id] = (this.refs[id] as number) + 1;
  }

  release(id: number): void {
    const left = (this.refs[id] as number) - 1;
    this.refs[id] = left;
    if (left === 0) this.unreferenced.push(id);
  }

  /** To be called before the sweeps of the spaces it is made of: it gives their ids back. */
  sweep(): void {
    for (let i = 0; i < this.unreferenced.length; i++) {
      const id = this.unreferenced.at(i);
      if (this.refs[id] !== 0) continue;
      this.refs[id] = -1;
      this.left.release(this.pairs.left(id));
      this.right.release(this.pairs.right(id));
      this.pairs.free(id);
    }
    this.unreferenced.clear();
  }

  write(id: number, writer: ByteWriter): void {
    this.left.write(this.pairs.left(id), writer);
    this.right.write(this.pairs.right(id), writer);
  }

  read(reader: ByteReader): number {
    const left = this.left.read(reader);
    return this.intern(left, this.right.read(reader));
  }

  private intern(left: number, right: number): number {
    const { pairs } = this;
    const before = pairs.size;
    const id = pairs.intern(left, right);
    if (pairs.size > before) {
      this.refs = grownInts(this.refs, pairs.limit);
      this.refs[id] = 0;
      this.left.retain(left);
      this.right.retain(right);
      this.unreferenced.push(id);
    }
    return id;
  }
}
