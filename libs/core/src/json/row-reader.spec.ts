import { COMMERCE_EVENT_TIME, aCommerceSchema, aField, aSchema } from '../stream/schema.fixture';

import { readRows, readWith, type ReadRow } from './read-rows.fixture';
import { RowReader } from './row-reader';

const utf8 = (text: string) => new TextEncoder().encode(text);
const schema = aSchema(
  [
    aField('k', 'string'),
    aField('t', 'timestamp', { optional: false }),
    aField('s', 'string'),
    aField('i', 'int'),
    aField('d', 'double'),
    aField('m', 'money'),
    aField('b', 'bool'),
  ],
  { key: ['k'], eventTime: { ...COMMERCE_EVENT_TIME, field: 't' } },
);

/** The row of `{"k":"key","t":0,<members>}` without k and t. */
function read(members: string): ReadRow {
  const row = readRows(schema, utf8(`{"k":"key","t":0,${members}}`)).rows[0] as ReadRow;
  if ('code' in row) return row;
  const { k: _key, t: _time, ...values } = row.values;
  return { values };
}

describe('RowReader', () => {
  it.each([
    ['"s":"text"', { s: 'text' }],
    ['"s":""', { s: '' }],
    ['"s":null', {}],
    ['"s":9223372036854775807', { s: '9223372036854775807' }],
    ['"s":-0.50e1', { s: '-0.50e1' }],
    ['"s":"\\u00e9\\ud83d\\ude00\\n\\/"', { s: 'é😀\n/' }],
    ['"s":"\\u0000"', { s: '\0' }],
    ['"s":"\ufeffx"', { s: '\ufeffx' }],
    ['"\\u0073":"x"', { s: 'x' }],
    ['"i":7', { i: 7 }],
    ['"i":-0', { i: 0 }],
    ['"i":1e3', { i: 1000 }],
    ['"i":10.0', { i: 10 }],
    ['"i":"12"', { i: 12 }],
    ['"i":9007199254740991', { i: 9007199254740991 }],
    ['"d":-0', { d: -0 }],
    ['"d":1e-400', { d: 0 }],
    ['"d":"12.5"', { d: 12.5 }],
    ['"d":123456789012345678901234567890', { d: 1.2345678901234568e29 }],
    ['"m":2699.9700000000003', { m: 269997 }],
    ['"m":"19.99"', { m: 1999 }],
    ['"m":-0.005', { m: 0 }],
    ['"m":1e2', { m: 10000 }],
    ['"b":true', { b: 1 }],
    ['"b":false', { b: 0 }],
    ['"__proto__":{"s":1},"constructor":null,"":1,"s":"x"', { s: 'x' }],
    ['"unknown":[1,{"s":[]}],"S":2', {}],
    [' "s" : "x" , "i"\t:\r\n7 ', { s: 'x', i: 7 }],
  ])('reads %s', (members, values) => {
    expect(read(members)).toEqual({ values });
  });

  it.each([
    ['"s":true', 'wrong-type', 's'],
    ['"s":{}', 'wrong-type', 's'],
    ['"s":[1]', 'wrong-type', 's'],
    ['"s":"\\ud800"', 'invalid-utf8', 's'],
    ['"s":"\\ud800\\ud800"', 'invalid-utf8', 's'],
    ['"s":"\\udc00"', 'invalid-utf8', 's'],
    ['"s":"\\ud800x"', 'invalid-utf8', 's'],
    ['"i":1.5', 'wrong-type', 'i'],
    ['"i":"1.5"', 'wrong-type', 'i'],
    ['"i":"x"', 'wrong-type', 'i'],
    ['"i":""', 'wrong-type', 'i'],
    ['"i":"1 "', 'wrong-type', 'i'],
    ['"i":true', 'wrong-type', 'i'],
    ['"i":9007199254740992', 'out-of-range', 'i'],
    ['"i":9007199254740993', 'out-of-range', 'i'],
    ['"i":-9223372036854775808', 'out-of-range', 'i'],
    ['"i":1e400', 'out-of-range', 'i'],
    ['"i":1.0000000000000000000001', 'wrong-type', 'i'],
    ['"d":1e400', 'out-of-range', 'd'],
    ['"d":"-1e400"', 'out-of-range', 'd'],
    ['"d":[]', 'wrong-type', 'd'],
    ['"m":1e400', 'out-of-range', 'm'],
    ['"m":90071992547409.92', 'out-of-range', 'm'],
    ['"m":"$5"', 'wrong-type', 'm'],
    ['"b":1', 'wrong-type', 'b'],
    ['"b":"true"', 'wrong-type', 'b'],
    ['"s":"a","s":"a"', 'duplicate-field', 's'],
    ['"s":null,"\\u0073":1', 'duplicate-field', 's'],
    ['"t":1', 'duplicate-field', 't'],
  ])('refuses %s as %s of %s', (members, code, path) => {
    expect(read(members)).toEqual({ code, path });
  });

  it('takes exactly the sequences of bytes that are UTF-8', () => {
    const leads = [
      0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    const edges = [0x20, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    const reader = new RowReader(schema);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const head = utf8('{"k":"key","t":0,"s":"');
    const tail = utf8('"}');
    const disagreements: string[] = [];
    for (const lead of leads) {
      for (const second of edges) {
        for (const third of edges) {
          for (const fourth of edges) {
            const text = Uint8Array.of(lead, second, third, fourth);
            const row = readWith(reader, Uint8Array.of(...head, ...text, ...tail)).rows[0] as ReadRow;
            let isUtf8 = true;
            try {
              decoder.decode(text);
            } catch {
              isUtf8 = false;
            }
            const said = 'code' in row ? row.code : 'taken';
            if (said !== (isUtf8 ? 'taken' : 'invalid-utf8')) disagreements.push(`${text.join()}: ${said}`);
          }
        }
      }
    }
    expect(disagreements).toEqual([]);
  });

  it.each([
    ['{}', 'no-key', 'k'],
    ['{"k":"","t":0}', 'no-key', 'k'],
    ['{"k":null,"t":0}', 'no-key', 'k'],
    ['{"k":"x"}', 'missing-field', 't'],
    ['{"k":"x","t":null}', 'missing-field', 't'],
    ['{"k":"x","t":"yesterday"}', 'bad-timestamp', 't'],
    ['{"k":"x","t":-1}', 'bad-timestamp', 't'],
    ['{"k":"x","t":1e15}', 'bad-timestamp', 't'],
    ['{"k":"x","t":true}', 'wrong-type', 't'],
  ])('refuses %s as %s of %s', (row, code, path) => {
    expect(readRows(schema, utf8(row)).rows).toEqual([{ code, path }]);
  });

  it('takes the first key field that is present, whatever its type', () => {
    const keyed = aSchema([...schema.fields], { key: ['i', 'k'], eventTime: schema.eventTime });
    expect(readRows(keyed, utf8('{"t":0,"i":12,"k":"x"}')).rows).toHaveLength(1);
    expect(readRows(keyed, utf8('{"t":0,"k":"x"}')).rows).toEqual([{ values: { t: 0, k: 'x' } }]);
  });

  it('gives aliases their meaning and refuses values that are not listed', () => {
    const commerce = (type: string) =>
      readRows(aCommerceSchema(), utf8(`{"event_type":${type},"timestamp":0,"user_id":"u"}`)).rows[0];
    expect(commerce('"view"')).toMatchObject({ values: { event_type: 'page_view' } });
    expect(commerce('"Product\\u0020Viewed"')).toMatchObject({ values: { event_type: 'page_view' } });
    expect(commerce('"purchase"')).toMatchObject({ values: { event_type: 'purchase' } });
    expect(commerce('"pageview"')).toEqual({ code: 'unknown-value', path: 'event_type' });
    expect(commerce('""')).toEqual({ code: 'unknown-value', path: 'event_type' });
  });

  describe('defaults', () => {
    const purchase = (members: string, type = 'purchase') =>
      readRows(aCommerceSchema(), utf8(`{"event_type":"${type}","timestamp":0,"user_id":"u"${members}}`)).rows[0];

    it.each([
      [',"price":19.99,"quantity":3', { price: 1999, quantity: 3, revenue: 5997 }],
      [',"price":19.99', { price: 1999, quantity: 1, revenue: 1999 }],
      [',"price":19.99,"quantity":2,"revenue":30', { price: 1999, quantity: 2, revenue: 3000 }],
      [',"revenue":null,"price":"1"', { price: 100, quantity: 1, revenue: 100 }],
    ])('complete a purchase with %s', (members, values) => {
      expect(purchase(members)).toEqual({ values: { event_type: 'purchase', timestamp: 0, user_id: 'u', ...values } });
    });

    it('leave a field null whose operands are', () => {
      expect(purchase('')).toEqual({
        values: { event_type: 'purchase', timestamp: 0, user_id: 'u', quantity: 1 },
      });
    });

    it('hold only where their condition does', () => {
      expect(purchase(',"price":1', 'view')).toEqual({
        values: { event_type: 'page_view', timestamp: 0, user_id: 'u', price: 100 },
      });
    });

    it('refuse a product that is not exact', () => {
      expect(purchase(',"price":90071992547409.91,"quantity":2')).toEqual({ code: 'out-of-range', path: 'revenue' });
    });
  });

  describe('limits', () => {
    it('takes 64 levels and no more', () => {
      const nested = (levels: number) => `"x":${'['.repeat(levels)}${']'.repeat(levels)}`;
      expect(read(nested(63))).toEqual({ values: {} });
      expect(read(nested(64))).toEqual({ code: 'too-deep', path: '$' });
      expect(read(nested(100_000))).toEqual({ code: 'too-deep', path: '$' });
      expect(read(`"s":${'{"x":'.repeat(64)}1${'}'.repeat(64)}`)).toMatchObject({ code: 'wrong-type' });
    });

    it('finds what is nested deep but broken to be broken', () => {
      expect(read(`"x":${'['.repeat(100_000)}`)).toEqual({ code: 'malformed-json', path: '$' });
    });

    it('takes an event of 512 KiB and no more', () => {
      const event = (bytes: number) => {
        const head = '{"k":"key","t":0,"s":"';
        return readRows(schema, utf8(`${head}${'x'.repeat(bytes - head.length - 2)}"}`)).rows[0];
      };
      expect(event(512 * 1024)).toHaveProperty('values');
      expect(event(512 * 1024 + 1)).toEqual({ code: 'event-too-large', path: '$' });
    });
  });
});
