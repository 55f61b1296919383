import fc from 'fast-check';

import { COMMERCE_EVENT_TIME, aField, aSchema } from '../stream/schema.fixture';

import { readWith } from './read-rows.fixture';
import { RecordReader } from './record-reader';
import { RowReader } from './row-reader';

const schema = aSchema(
  [
    aField('key', 'string'),
    aField('at', 'timestamp'),
    aField('name_of_it', 'string'),
    aField('n', 'int'),
    aField('ratio', 'double'),
    aField('price', 'money'),
    aField('flag', 'bool'),
    aField('kind', 'string', { values: new Set(['a', 'view']), aliases: new Map([['v', 'view']]) }),
    aField('ключ"\\', 'string'),
  ],
  { key: ['key'], eventTime: { ...COMMERCE_EVENT_TIME, field: 'at' } },
);

const TEXTS = [
  '',
  'x',
  'abc',
  'abcd',
  'twelve bytes',
  'v',
  'view',
  'a',
  'a text that is longer than a few words',
  'wörter',
]
  .concat(['\\n', 'a\\"b', 'abc\\u00e9', '\\ud800', '\\x', 'ends with \\\\', 'tab\there', 'line\nfeed', 'naïve', '😀'])
  .map((text) => `"${text}"`);
const NUMBERS = [
  '0',
  '1',
  '-1',
  '00',
  '01',
  '0.5',
  '.5',
  '1.',
  '1.5.2',
  '12a',
  '1e2',
  '1E2',
  '12.34',
  '12.345',
  '12.3456',
]
  .concat([
    '123456789',
    '1234567890',
    '1234567.89',
    '123456789.1',
    '99999999999999999999',
    '-0',
    '1.005',
    '0.000000001',
  ])
  .concat(['1.23456789e3', '"12.5"', '"7"', '" 7"', '--1', '1 ', '+1']);
const TIMES = [
  '2026-01-05T00:00:00Z',
  '2026-01-05T00:00:07.250Z',
  '2026-01-05T00:00:59.999Z',
  '2026-01-05T00:01:00.000Z',
]
  .concat([
    '2026-01-05T00:00:60.000Z',
    '2026-01-05T00:00:0a.000Z',
    '2026-01-05T00:00:00.00aZ',
    '2026-01-05T00:00:00.000',
  ])
  .concat([
    '2026-01-05T00:00',
    '2026-01-05',
    '2026-01-05T00:00:01+02:00',
    '2026-01-05T00:00:01.5Z',
    '1969-12-31T23:59:59Z',
  ])
  .concat([
    '2026-02-30T00:00:00Z',
    '2026x01-05T00:00:00Z',
    '2026-01-05 00:00:01Z',
    '2026-01-05T00:00:01z',
    '20260105T000000Z',
  ])
  .map((time) => `"${time}"`)
  .concat(['1767571200000', '1767571200', '"1767571200"', '1.5']);
const OTHERS = ['null', 'true', 'false', 'truth', 'fals', '[]', '{}', '[1,{"n":2}]', '{"key":"x"}', '', 'nul'];

const any = (...lists: readonly (readonly string[])[]) => fc.constantFrom(...lists.flat());
/** Mostly what its type wants, sometimes anything. */
const valueOf = (name: string): fc.Arbitrary<string> => {
  const type = schema.fields.find((field) => field.name === name)?.type;
  const usual =
    type === 'timestamp' ? any(TIMES) : type === 'bool' ? any(OTHERS) : type === 'string' ? any(TEXTS) : any(NUMBERS);
  return fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: any(TEXTS, NUMBERS, TIMES, OTHERS) });
};

const names = schema.fields.map(({ name }) => name);
const keyOf = (name: string) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(JSON.stringify(name)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(`"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}"`, '"stranger"', '"pricee"'),
    },
  );
/** A comma is forgotten now and then. */
const commaOf = fc.oneof({ weight: 40, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });
const memberOf = (name: string) => fc.tuple(keyOf(name), valueOf(name), commaOf);
/** The usual order with some left out, or any order with repetitions. */
const order = fc.oneof(
  { weight: 4, arbitrary: fc.subarray(names, { minLength: 4 }) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...names), { maxLength: 12 }) },
);
const style = fc.constantFrom([':', ','], [':', ','], [': ', ', '], [': ', ','], [' :', ' ,\t']);
const row = fc
  .tuple(
    order.chain((some) => fc.tuple(...some.map(memberOf))),
    style,
    fc.constantFrom('', '', '', ' '),
  )
  .map(([members, [colon = '', comma = ''], space]) => {
    const texts = members.map(([key, value, separate], i) => {
      return `${key}${colon}${value}${separate && i < members.length - 1 ? comma : ''}`;
    });
    return `{${space}${texts.join('')}${space}}`;
  });

/** One byte of a row changed, or its end cut off. */
const broken = fc.tuple(row, fc.nat(), fc.nat(255), fc.boolean()).map(([text, place, byte, cut]) => {
  const bytes = Buffer.from(text);
  const at = place % bytes.length;
  if (cut) return bytes.subarray(0, at);
  bytes[at] = byte;
  return bytes;
});
const rowBytes = fc.oneof(
  { weight: 5, arbitrary: row.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: broken },
);

/** What a value that is cut off could go on with. */
const FILLERS = ['', '5', '5}', '"}', '","n":1}', ',"key":"x"}', 'e}', 'ue}', '0Z"}', '  ', '\u00e9"}'];

/** What comes of each text, all of them in one buffer with something in between, and where those that fail do. */
function readAll(reader: RowReader, texts: readonly Uint8Array[], between: string) {
  const filler = Buffer.from(between);
  const all = new Uint8Array(Buffer.concat(texts.flatMap((text) => [text, filler])));
  let at = 0;
  return texts.map((text) => {
    const view = all.subarray(at, at + text.length);
    at += text.length + filler.length;
    const read = readWith(reader, view);
    const again = new RecordReader(reader);
    again.open(view, 'json');
    while (again.next());
    return {
      read,
      failedAt: again.code === null ? null : again.failedAt,
      rounded: again.index < 0 ? 0 : reader.values.rounded,
    };
  });
}

describe('the reader of rows', () => {
  it('makes the same of a row whatever rows it has read before', () => {
    fc.assert(
      fc.property(
        fc.array(rowBytes, { minLength: 2, maxLength: 12 }),
        fc.constantFrom(...FILLERS),
        (texts, between) => {
          const practised = readAll(new RowReader(schema), texts, between);
          // A reader that has seen nothing expects nothing.
          const fresh = texts.map((text) => readAll(new RowReader(schema), [text], '')[0]);
          expect(practised).toEqual(fresh);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('makes the same of rows in a list as of each alone', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(',', ' , ', '\n'),
        (texts, between) => {
          const readAlone = (text: string) =>
            readWith(new RowReader(schema), new Uint8Array(Buffer.from(text)), 'json').rows;
          const good = texts.filter(
            (text) => !text.includes('\n') && !JSON.stringify(readAlone(text)).includes('malformed'),
          );
          const joined = good.join(between);
          if (good.length === 0) return;
          const list = new Uint8Array(Buffer.from(between === '\n' ? joined : `[${joined}]`));
          expect(readWith(new RowReader(schema), list).rows).toEqual(good.flatMap(readAlone));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('wants a comma behind a member that is not declared, wherever that stands', () => {
    const reader = new RowReader(schema);
    const usual = ['"key":"k"', '"at":1767571200000', '"name_of_it":"text"', '"n":5'];
    const read = (text: string) => readWith(reader, new Uint8Array(Buffer.from(text)), 'json').rows;
    const known = read(`{${usual.join(',')}}`);
    for (let place = 0; place <= usual.length; place++) {
      const before = usual.slice(0, place).map((member) => `${member},`);
      const after = usual.slice(place);
      expect(read(`{${before.join('')}${['"stranger":0', ...after].join(',')}}`)).toEqual(known);
      if (after.length === 0) continue;
      expect(read(`{${before.join('')}"stranger":0${after.join(',')}}`)).toEqual([
        { code: 'malformed-json', path: '$' },
      ]);
    }
  });

  it('does not read on behind the end of a record, whatever stands there', () => {
    const reader = new RowReader(schema);
    const whole = '{"key":"k","at":1767571200000,"n":5,"name_of_it":"text"}';
    expect(readWith(reader, Buffer.from(whole)).rows).toEqual([
      { values: { key: 'k', at: 1_767_571_200_000, n: 5, name_of_it: 'text' } },
    ]);
    const bytes = new Uint8Array(Buffer.from(whole.repeat(2)));
    for (let length = 1; length < whole.length; length++) {
      const { code, rows } = readWith(reader, bytes.subarray(0, length));
      expect([code, rows]).toEqual([null, [{ code: 'malformed-json', path: '$' }]]);
    }
  });
});
