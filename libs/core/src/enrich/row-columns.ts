import { DictionaryBuilder, NumberBuilder, TextBuilder } from '../batch/column-builders';
import type { Column } from '../batch/event-batch';
import { TABLE_SOURCE, type TextSources } from '../batch/staged-rows';
import type { RowReader } from '../json/row-reader';
import { STAGED_ROWS } from '../json/row-registers';
import { copiedTo } from '../windowing/grow';

const INITIAL_ROWS = 1024;
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/**
 * Collects the rows that a reader holds one after the other into the columns of a batch. Rows are staged in the reader's
 * registers and go to the columns a few at a time, column by column: each loop touches one column's memory.
 */
export class RowColumns {
  /** Rows that went to the columns; the staged ones come on top. */
  private built = 0;
  /** Positions of all rows in their raw records. */
  private indexes = new Uint32Array(INITIAL_ROWS);
  private readonly numbers: (readonly [slot: number, builder: NumberBuilder])[] = [];
  private readonly texts: (readonly [slot: number, builder: TextBuilder | DictionaryBuilder])[] = [];

  constructor(private readonly reader: RowReader) {
    // Staged rows refer to the buffer they were read from.
    reader.cursor.beforeLeaving = () => this.flush();
    reader.schema.fields.forEach(({ type, dictionary }, slot) => {
      if (type !== 'string') this.numbers.push([slot, new NumberBuilder()]);
      else if (dictionary)
        this.texts.push([slot, new DictionaryBuilder(reader.values.tables[slot]?.entries.length ?? 0)]);
      else this.texts.push([slot, new TextBuilder()]);
    });
  }

  get rows(): number {
    return this.built + this.reader.registers.count;
  }

  /** Appends the row in the reader's registers, which stood at `index` of its raw record. */
  append(index: number): void {
    const { registers } = this.reader;
    const row = this.built + registers.count;
    if (row === this.indexes.length) this.indexes = copiedTo(new Uint32Array(2 * row), this.indexes);
    this.indexes[row] = index;
    registers.stage();
    if (registers.count === STAGED_ROWS - 1) this.flush();
  }

  /** Takes back all rows from `rows` on. */
  truncate(rows: number): void {
    const { registers } = this.reader;
    if (rows >= this.built) {
      registers.keep(rows - this.built);
      return;
    }
    registers.keep(0);
    this.built = rows;
    for (const [, builder] of [...this.numbers, ...this.texts]) builder.truncate(rows);
  }

  /** The columns by field number; empty afterwards. */
  finish(): { rowIndexes: Uint32Array; columns: Map<number, Column> } {
    this.flush();
    const rowIndexes = this.indexes.slice(0, this.built);
    this.built = 0;
    const columns = new Map<number, Column>();
    for (const [slot, builder] of [...this.numbers, ...this.texts].sort(([a], [b]) => a - b)) {
      const column = builder.finish();
      if (column !== null) columns.set(this.reader.schema.fields[slot]?.number ?? 0, column);
    }
    return { rowIndexes, columns };
  }

  private flush(): void {
    const { cursor, registers, tables } = this.reader.values;
    if (registers.count === 0) return;
    for (const [slot, builder] of this.numbers) builder.append(registers, slot);
    const sources: TextSources = {
      bytes: [NO_BYTES, NO_BYTES, cursor.bytes, cursor.scratch, NO_BYTES],
      views: [NO_VIEW, NO_VIEW, cursor.view, cursor.scratchView, NO_VIEW],
    };
    for (const [slot, builder] of this.texts) {
      const table = tables[slot];
      if (table) {
        sources.bytes[TABLE_SOURCE] = table.bytes;
        sources.views[TABLE_SOURCE] = table.view;
      }
      builder.append(registers, slot, sources);
    }
    this.built += registers.count;
    registers.keep(0);
  }
}
