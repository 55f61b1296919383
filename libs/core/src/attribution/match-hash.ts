import type { Column, EventBatch } from '../batch/event-batch';
import { RowKeys } from '../batch/row-keys';
import { murmur3x128 } from '../hash/murmur3';
import { WORD_SLACK } from '../hash/word-slack';
import { fieldByName } from '../stream/fields';
import type { Field, StreamSchema } from '../stream/schema';
import { grownBytes } from '../windowing/grow';

/** Written into checkpoints: it may never change. */
const MATCH_HASH_SEED = 0x5a1e;
export const HASH_WORDS = 4;
const LENGTH_BYTES = 4;
const NUMBER_BYTES = 8;

/**
 * Sixteen bytes that stand for whose a row is and what it is of: rows match when these are equal. That two that do not belong
 * together are equal by accident is as unlikely as for ids of events.
 */
export class MatchHash {
  /** Of the row that was hashed last. */
  readonly words = new Int32Array(HASH_WORDS);
  private readonly keys: RowKeys;
  private readonly fields: readonly Field[];
  private columns: readonly Column[] | null = null;
  private buffer = new Uint8Array(256);
  private view = new DataView(this.buffer.buffer);
  private length = 0;
  private readonly target = new DataView(new ArrayBuffer(HASH_WORDS * 4 + WORD_SLACK));

  /** @throws RangeError for a field that the schema does not declare */
  constructor(schema: StreamSchema, on: readonly string[]) {
    this.keys = new RowKeys(schema);
    this.fields = on.map((name) => {
      const field = fieldByName(schema, name);
      if (field === null) throw new RangeError(`field ${name} is not declared`);
      return field;
    });
  }

  begin(batch: EventBatch): void {
    this.keys.begin(batch);
    const columns = this.fields.flatMap(({ number }) => batch.columns.get(number) ?? []);
    this.columns = columns.length === this.fields.length ? columns : null;
  }

  /** Hashes a row; false: it has no key or lacks one of the fields. */
  take(row: number): boolean {
    const { columns, keys, target, words } = this;
    if (columns === null || !keys.locate(row)) return false;
    this.length = 0;
    this.append(keys.bytes, keys.start, keys.end);
    for (let i = 0; i < columns.length; i++) if (!this.appendValue(columns[i] as Column, row)) return false;
    murmur3x128(this.buffer, 0, this.length, MATCH_HASH_SEED, target, 0);
    for (let word = 0; word < HASH_WORDS; word++) words[word] = target.getInt32(4 * word, true);
    return true;
  }

  /** The key of the row that was hashed last. */
  get key(): Readonly<Pick<RowKeys, 'bytes' | 'start' | 'end'>> {
    return this.keys;
  }

  private appendValue(column: Column, row: number): boolean {
    if (column.kind === 'number') {
      const value = column.values[row] as number;
      if (Number.isNaN(value)) return false;
      this.reserve(NUMBER_BYTES);
      this.view.setFloat64(this.length, value + 0, true); // -0 is 0
      this.length += NUMBER_BYTES;
      return true;
    }
    const text = column.kind === 'dictionary' ? (column.indices[row] as number) : row;
    if (text < 0 || (column.kind === 'text' && column.nulls !== null && column.nulls[row] === 1)) return false;
    this.append(column.bytes, column.offsets[text] as number, column.offsets[text + 1] as number);
    return true;
  }

  /** A text behind its length, so that no two lists of texts look alike. */
  private append(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(LENGTH_BYTES + end - start);
    this.view.setInt32(this.length, end - start, true);
    const { buffer } = this;
    let at = this.length + LENGTH_BYTES;
    for (let i = start; i < end; i++) buffer[at++] = bytes[i] as number;
    this.length = at;
  }

  private reserve(more: number): void {
    const needed = this.length + more + WORD_SLACK;
    if (needed <= this.buffer.length) return;
    this.buffer = grownBytes(this.buffer, needed);
    this.view = new DataView(this.buffer.buffer);
  }
}
