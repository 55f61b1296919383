import fc from 'fast-check';

import { entryText, numberAt, textAt } from './column-access';
import { DictionaryBuilder, NumberBuilder, TextBuilder } from './column-builders';
import type { StagedRows, TextSources } from './staged-rows';

const texts = fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 9 })), { maxLength: 300 });
/** Few different values, so that entries are shared. */
const fewTexts = fc.array(fc.option(fc.stringMatching(/^[ab]{0,4}$/)), { maxLength: 300 });
const numbers = fc.array(fc.option(fc.double({ noNaN: true })), { maxLength: 300 });

/** Where the bytes of texts are: FROM_INPUT is 2, FROM_TABLE 4. */
function sourcesOf(bytes: Uint8Array): TextSources {
  const padded = Uint8Array.of(...bytes, ...new Uint8Array(8));
  const view = new DataView(padded.buffer);
  return { bytes: [bytes, bytes, padded, padded, padded], views: [view, view, view, view, view] };
}

/** One row of two fields, of which the second counts. */
function staged(row: Partial<Record<'status' | 'start' | 'end' | 'entry' | 'number', number>>): StagedRows {
  return {
    count: 1,
    stride: 2,
    status: Uint8Array.of(1, row.status ?? 0),
    start: Int32Array.of(0, row.start ?? 0),
    end: Int32Array.of(0, row.end ?? 0),
    entry: Int32Array.of(0, row.entry ?? 0),
    number: Float64Array.of(0, row.number ?? 0),
  };
}

function appendText(builder: TextBuilder | DictionaryBuilder, text: string | null): void {
  // The text stands among other bytes.
  const bytes = new TextEncoder().encode(`<${text}>`);
  const row = text === null ? staged({}) : staged({ status: 2, start: 1, end: bytes.length - 1 });
  builder.append(row, 1, sourcesOf(bytes));
}

/** The second batch of a builder, the first having been cut back: nothing of either may show. */
function rebuilt(values: readonly (string | null)[], builder: TextBuilder | DictionaryBuilder) {
  for (const value of ['left', 'over', ...values]) appendText(builder, value);
  builder.finish();
  const half = values.length >> 1;
  for (const value of [...values.slice(0, half), 'cut', null, 'off', ...values]) appendText(builder, value);
  builder.truncate(half);
  for (const value of values.slice(half)) appendText(builder, value);
  return builder.finish();
}

describe.each([
  ['TextBuilder', () => new TextBuilder()],
  ['DictionaryBuilder', () => new DictionaryBuilder(0)],
] as const)('%s', (_name, create) => {
  it('holds what was appended, after batches and cuts before', () => {
    fc.assert(
      fc.property(fc.oneof(texts, fewTexts), (values) => {
        const column = rebuilt(values, create());
        if (values.every((value) => value === null)) expect(column).toBeNull();
        else expect(column && values.map((_, row) => textAt(column, row))).toEqual(values);
      }),
    );
  });
});

describe('DictionaryBuilder', () => {
  it('has each value once, in order of first use', () => {
    fc.assert(
      fc.property(fewTexts, (values) => {
        const column = rebuilt(values, new DictionaryBuilder(0));
        if (column?.kind !== 'dictionary') return;
        const entries = Array.from({ length: column.offsets.length - 1 }, (_, entry) => entryText(column, entry));
        expect(entries).toEqual([...new Set(values.filter((value) => value !== null))]);
      }),
    );
  });

  it("takes values of the field's table by their entry", () => {
    const builder = new DictionaryBuilder(2);
    const sources = sourcesOf(new TextEncoder().encode('onetwo'));
    const one = { start: 0, end: 3, entry: 0 };
    const two = { start: 3, end: 6, entry: 1 };
    for (let batch = 0; batch < 2; batch++) {
      builder.append(staged({ status: 4, ...two }), 1, sources);
      builder.append(staged({ status: 4, ...one }), 1, sources);
      builder.truncate(1);
      builder.append(staged({ status: 2, ...one }), 1, sources);
      builder.append(staged({ status: 4, ...two }), 1, sources);
      builder.append(staged({ status: 4, ...one }), 1, sources);
      const column = builder.finish();
      expect(column && [0, 1, 2, 3].map((row) => textAt(column, row))).toEqual(['two', 'one', 'two', 'one']);
      expect([...(column?.indices ?? [])]).toEqual([0, 1, 0, 1]);
    }
  });
});

describe('NumberBuilder', () => {
  it('holds what was appended, after batches and cuts before', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const builder = new NumberBuilder();
        const append = (value: number | null) =>
          builder.append(value === null ? staged({}) : staged({ status: 1, number: value }), 1);
        [1, null, ...values].forEach(append);
        builder.finish();
        const half = values.length >> 1;
        [...values.slice(0, half), null, 7, ...values].forEach(append);
        builder.truncate(half);
        values.slice(half).forEach(append);
        const column = builder.finish();
        if (values.every((value) => value === null)) expect(column).toBeNull();
        else expect(column && values.map((_, row) => numberAt(column, row))).toEqual(values);
      }),
    );
  });
});
