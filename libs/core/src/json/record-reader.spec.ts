import { COMMERCE_EVENT_TIME, aField, aSchema } from '../stream/schema.fixture';

import { readRows } from './read-rows.fixture';
import { RecordReader, type TextForm } from './record-reader';
import { RowReader } from './row-reader';

const schema = aSchema([aField('k', 'string'), aField('t', 'timestamp', { optional: false })], {
  key: ['k'],
  eventTime: { ...COMMERCE_EVENT_TIME, field: 't' },
});
const utf8 = (text: string) => new TextEncoder().encode(text);
const row = (k: string) => `{"k":"${k}","t":0}`;

/** Keys of good rows, codes of bad ones; the code alone for a record that is refused as a whole. */
function read(text: string | Uint8Array, form: TextForm = 'raw'): string {
  const { code, rows } = readRows(schema, typeof text === 'string' ? utf8(text) : text, form);
  return code ?? rows.map((r) => ('code' in r ? r.code : String(r.values['k']))).join(' ');
}

describe('the rows of a record', () => {
  it.each([
    [row('a'), 'a'],
    [` \n\t${row('a')}\r\n`, 'a'],
    [`\ufeff${row('a')}`, 'a'],
    [`{\n "k": "a",\n "t": 0\n}\n`, 'a'],
    [`${row('a')}\n${row('b')}`, 'a b'],
    [`${row('a')}\r\n\r\n  \n${row('b')}\n\n`, 'a b'],
    [`${row('a')}\n{"k":"b","t":}\n${row('c')}`, 'a malformed-json c'],
    [`${row('a')} ${row('b')}\n${row('c')}`, 'malformed-json c'],
    [`${row('a')}\n5\n"x"\n[1]\nnull\n{}\n`, 'a not-an-object not-an-object not-an-object not-an-object no-key'],
    [`${row('a')}\n[1,\n2]\n${row('b')}`, 'a malformed-json malformed-json b'],
    [`${row('a')}\nnonsense\n${row('b')}`, 'a malformed-json b'],
    [`{"k":"a",\n"t":0}\n${row('b')}`, 'malformed-json malformed-json b'],
    [`${row('a')}\n{"k":"b",\n"t":0}`, 'a malformed-json malformed-json'],
    ['{"k":"a","t":0', 'malformed-json'],
    [`[${row('a')},${row('b')}]`, 'a b'],
    [` [ ${row('a')} , ${row('b')} ] \n`, 'a b'],
    ['[]', ''],
    ['[ ]', ''],
    [
      `[${row('a')},5,"x",[[]],null,{},${row('b')}]`,
      'a not-an-object not-an-object not-an-object not-an-object no-key b',
    ],
    [`[${row('a')},{"k":"b","k":"b","t":0},${row('c')}]`, 'a duplicate-field c'],
    [`[${row('a')},${row('b')}`, 'malformed-json'],
    [`[${row('a')},]`, 'malformed-json'],
    [`[,${row('a')}]`, 'malformed-json'],
    [`[${row('a')}${row('b')}]`, 'malformed-json'],
    [`[${row('a')},{"k":}]`, 'malformed-json'],
    [`[${row('a')}] x`, 'malformed-json'],
    [`[${row('a')}][]`, 'malformed-json'],
    ['[', 'malformed-json'],
    ['', 'malformed-json'],
    [' \n ', 'malformed-json'],
    ['5', 'malformed-json'],
    ['"x"', 'malformed-json'],
    ['\0\0\0\0\x01abc', 'unsupported-encoding'],
  ])('of %j are %s', (text, rows) => {
    expect(read(text)).toBe(rows);
  });

  it.each([
    ['json', row('a'), 'a'],
    ['json', `[${row('a')}]`, 'a'],
    ['json', `${row('a')}\n${row('b')}`, 'malformed-json'],
    ['json', '\0', 'malformed-json'],
    ['json', '5', 'malformed-json'],
    ['ndjson', `${row('a')}\n${row('b')}\n`, 'a b'],
    ['ndjson', `x\n${row('b')}`, 'malformed-json b'],
    ['ndjson', `[${row('a')}]\n${row('b')}`, 'not-an-object b'],
    ['ndjson', '\n', 'malformed-json'],
  ] as const)('in the form %s of %j are %s', (form, text, rows) => {
    expect(read(text, form)).toBe(rows);
  });

  it('are refused one by one for bytes that are not UTF-8', () => {
    const bad = Uint8Array.of(...utf8(`[${row('a')},{"k":"`), 0xc3, 0x28, ...utf8(`","t":0},${row('c')}]`));
    expect(read(bad)).toBe('a invalid-utf8 c');
  });

  it('end where the record ends, whatever lies behind it', () => {
    for (const [record, behind, rows] of [
      [`${row('a')}\n7`, '8x', 'a not-an-object'],
      [`${row('a')}\n-1.5e1`, '0"', 'a not-an-object'],
      [`${row('a')}\ntru`, 'e', 'a malformed-json'],
      [`${row('a')}\n"x`, '"', 'a malformed-json'],
      [row('a').slice(0, -1), '}', 'malformed-json'],
      [`[${row('a')}`, ']', 'malformed-json'],
      [`[${row('a')},{"k":"b","t":1`, '2}]', 'malformed-json'],
    ] as const) {
      expect(read(utf8(record + behind).subarray(0, utf8(record).length))).toBe(rows);
    }
  });

  it('are at most 8,192', () => {
    const rows = (count: number) => Array.from({ length: count }, () => row('a'));
    expect(readRows(schema, utf8(`[${rows(8192).join(',')}]`))).toMatchObject({ code: null, rows: { length: 8192 } });
    expect(read(`[${rows(8193).join(',')}]`)).toBe('too-many-rows');
    expect(read(rows(8193).join('\n'))).toBe('too-many-rows');
  });

  it('know where they begin and end, and where a broken one breaks', () => {
    const text = `\n${row('a')}\n{"k":!}\n${row('c')}`;
    const reader = new RowReader(schema);
    const record = new RecordReader(reader);
    const bytes = utf8(`....${text}`).subarray(4);
    record.open(bytes, 'raw');
    const seen: [number, string, number | null][] = [];
    while (record.next()) {
      const whole = new TextDecoder().decode(reader.cursor.bytes.subarray(record.rowStart, record.rowEnd));
      seen.push([record.index, whole, reader.code === null ? null : record.failedAt]);
    }
    expect(seen).toEqual([
      [0, row('a'), null],
      [1, '{"k":!}', 5],
      [2, row('c'), null],
    ]);
    record.open(utf8(`....[${row('a')}!`).subarray(4), 'raw');
    expect(record.next()).toBe(false);
    expect([record.code, record.failedAt]).toEqual(['malformed-json', 1 + row('a').length]);
  });

  it('say where they break, whatever was read before', () => {
    const record = new RecordReader(new RowReader(schema));
    const positions = [`[${row('a')}!`, '  5', '', `${row('a')}!`, ' \n'].map((text) => {
      record.open(utf8(text), 'json');
      while (record.next());
      return record.failedAt;
    });
    expect(positions).toEqual([1 + row('a').length, 2, 0, row('a').length, 2]);
  });

  it('of many broken lines cost no more than their bytes', () => {
    // Quadratic reading would take hours here.
    const record = new RecordReader(new RowReader(schema), Infinity);
    record.open(utf8('{"a":\n'.repeat(300_000)), 'ndjson');
    let rows = 0;
    while (record.next()) rows++;
    expect(rows).toBe(300_000);
  });
});
