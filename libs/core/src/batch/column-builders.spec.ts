import fc from 'fast-check';

import { entryText, numberAt, textAt } from './column-access';
import { DictionaryBuilder, NumberBuilder, TextBuilder } from './column-builders';

const texts = fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 9 })), { maxLength: 300 });
/** Few different values, so that entries are shared. */
const fewTexts = fc.array(fc.option(fc.stringMatching(/^[ab]{0,4}$/)), { maxLength: 300 });
const numbers = fc.array(fc.option(fc.double({ noNaN: true })), { maxLength: 300 });

function appendText(builder: TextBuilder | DictionaryBuilder, text: string | null): void {
  if (text === null) return builder.appendNull();
  // The text stands among other bytes.
  const bytes = new TextEncoder().encode(`<${text}>`);
  const view = new DataView(bytes.buffer);
  builder.append(bytes, view, 1, bytes.length - 1, -1);
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
    const bytes = new TextEncoder().encode('onetwo');
    const view = new DataView(bytes.buffer);
    for (let batch = 0; batch < 2; batch++) {
      builder.append(bytes, view, 3, 6, 1);
      builder.append(bytes, view, 0, 3, 0);
      builder.truncate(1);
      builder.append(bytes, view, 0, 3, -1);
      builder.append(bytes, view, 3, 6, 1);
      builder.append(bytes, view, 0, 3, 0);
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
          value === null ? builder.appendNull() : builder.append(Float64Array.of(0, value), 1);
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
