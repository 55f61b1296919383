import { DictionaryBuilder, NumberBuilder, TextBuilder } from '../batch/column-builders';
import type { Column } from '../batch/event-batch';
import type { RowReader } from '../json/row-reader';
import { ABSENT, NUMBER, TEXT } from '../json/row-registers';

/** Collects the rows that a reader holds one after the other into the columns of a batch. */
export class RowColumns {
  rows = 0;
  private readonly numbers: readonly (NumberBuilder | null)[];
  private readonly texts: readonly (TextBuilder | null)[];
  private readonly dictionaries: readonly (DictionaryBuilder | null)[];

  constructor(private readonly reader: RowReader) {
    const { fields } = reader.schema;
    this.numbers = fields.map(({ type }) => (type === 'string' ? null : new NumberBuilder()));
    this.texts = fields.map(({ type, dictionary }) => (type === 'string' && !dictionary ? new TextBuilder() : null));
    this.dictionaries = fields.map(({ type, dictionary }, slot) =>
      type === 'string' && dictionary ? new DictionaryBuilder(reader.tables[slot]?.entries.length ?? 0) : null,
    );
  }

  /** Appends the row in the reader's registers. */
  append(): void {
    const { reader, numbers, texts, dictionaries } = this;
    const { registers } = reader;
    const { status, number, start, end, entry } = registers;
    for (let slot = 0; slot < numbers.length; slot++) {
      const numberBuilder = numbers[slot] as NumberBuilder | null;
      if (numberBuilder !== null) {
        if (status[slot] === NUMBER) numberBuilder.append(number, slot);
        else numberBuilder.appendNull();
        continue;
      }
      const dictionary = dictionaries[slot] as DictionaryBuilder | null;
      if (dictionary !== null) {
        if (status[slot] !== TEXT) dictionary.appendNull();
        else {
          const bytes = reader.bytesOf(slot);
          const view = reader.viewOf(slot);
          dictionary.append(bytes, view, start[slot] as number, end[slot] as number, entry[slot] as number);
        }
        continue;
      }
      const text = texts[slot] as TextBuilder;
      if (status[slot] === ABSENT) text.appendNull();
      else text.append(reader.bytesOf(slot), reader.viewOf(slot), start[slot] as number, end[slot] as number);
    }
    this.rows++;
  }

  /** Takes back all rows from `rows` on. */
  truncate(rows: number): void {
    if (rows === this.rows) return;
    this.rows = rows;
    for (const builder of [...this.numbers, ...this.texts, ...this.dictionaries]) builder?.truncate(rows);
  }

  /** The columns by field number; empty afterwards. */
  finish(): Map<number, Column> {
    const columns = new Map<number, Column>();
    this.reader.schema.fields.forEach(({ number }, slot) => {
      const builder = this.numbers[slot] ?? this.dictionaries[slot] ?? this.texts[slot];
      const column = builder?.finish() ?? null;
      if (column !== null) columns.set(number, column);
    });
    this.rows = 0;
    return columns;
  }
}
