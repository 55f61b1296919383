import { RejectMessages } from '../enrich/reject-message';
import { COMMERCE_EVENT_TIME, aField, aSchema } from '../stream/schema.fixture';

import { MemberTree } from './member-tree';
import { readWith, type ReadRow } from './read-rows.fixture';
import { RowReader } from './row-reader';

const schema = aSchema(
  [
    aField('user', 'string'),
    aField('meta.dt', 'timestamp', { optional: false }),
    aField('meta.domain', 'string'),
    aField('length.old', 'int'),
    aField('length.new', 'int'),
    aField('a.b.c', 'string'),
    aField('a.d', 'string'),
  ],
  { key: ['user', 'meta.domain'], id: 'meta.domain', eventTime: { ...COMMERCE_EVENT_TIME, field: 'meta.dt' } },
);
const reader = new RowReader(schema);
const read = (text: string) => readWith(reader, new TextEncoder().encode(text)).rows[0] as ReadRow;
const META = '"user":"u","meta":{"dt":0}';
const withMeta = { user: 'u', 'meta.dt': 0 };

describe('fields within objects', () => {
  it.each([
    [`{${META}}`, withMeta],
    ['{"meta":{"domain":"d","dt":0},"user":"u"}', { ...withMeta, 'meta.domain': 'd' }],
    ['{"meta":{"id":1,"dt":0,"x":{"dt":5}},"user":"u"}', withMeta],
    [`{${META},"length":{"old":1,"new":2}}`, { ...withMeta, 'length.old': 1, 'length.new': 2 }],
    [`{${META},"length" : { "new" : "2" , "x":[1]} }`, { ...withMeta, 'length.new': 2 }],
    [`{${META},"a":{"d":"1","b":{"c":"2"}}}`, { ...withMeta, 'a.d': '1', 'a.b.c': '2' }],
    [`{${META},"a":{"b":{"c":"2"},"d":"1"}}`, { ...withMeta, 'a.d': '1', 'a.b.c': '2' }],
    [`{${META},"a":{"b":{},"d":"1"}}`, { ...withMeta, 'a.d': '1' }],
    [`{${META},"a":{"\\u0062":{"c":"\\n"}}}`, { ...withMeta, 'a.b.c': '\n' }],
  ])('are read by their path: %s', (text, values) => {
    expect(read(text)).toEqual({ values });
  });

  it.each(['null', '{}', '[]', '[1,{"new":2}]', '{"old":null,"new":null}', '{"x":{"new":1}}'])(
    'are absent where their object is %s',
    (length) => {
      expect(read(`{${META},"length":${length}}`)).toEqual({ values: withMeta });
    },
  );

  it('are told from members of the same name elsewhere, and from keys with a dot', () => {
    expect(read(`{${META},"new":7,"d":"x","length.new":8,"b":{"c":"y"},"a":{"c":"z","a":{"d":"w"}}}`)).toEqual({
      values: withMeta,
    });
  });

  it.each([
    [`{${META},"length":5}`, 'wrong-type', 'length'],
    [`{${META},"length":"long"}`, 'wrong-type', 'length'],
    [`{${META},"length":true}`, 'wrong-type', 'length'],
    [`{${META},"a":{"b":"c"}}`, 'wrong-type', 'a.b'],
    [`{${META},"length":{"new":"x"}}`, 'wrong-type', 'length.new'],
    [`{${META},"length":{"new":[]}}`, 'wrong-type', 'length.new'],
    [`{${META},"length":{"new":1,"new":1}}`, 'duplicate-field', 'length.new'],
    [`{${META},"length":{"new":1},"length":{"old":1}}`, 'duplicate-field', 'length'],
    [`{${META},"length":null,"length":null}`, 'duplicate-field', 'length'],
    [`{${META},"a":{"b":{},"b":{}}}`, 'duplicate-field', 'a.b'],
    ['{"user":"u"}', 'missing-field', 'meta.dt'],
    ['{"user":"u","meta":{"domain":"d"}}', 'missing-field', 'meta.dt'],
    ['{"user":"u","meta":[]}', 'missing-field', 'meta.dt'],
    ['{"user":"u","meta":{"dt":"now"}}', 'bad-timestamp', 'meta.dt'],
    ['{"meta":{"dt":0,"domain":""}}', 'no-key', 'user'],
    [`{${META},"a":{"b":{"c":"\\ud800"}}}`, 'invalid-utf8', 'a.b.c'],
  ])('%s is %s of %s', (text, code, path) => {
    expect(read(text)).toEqual({ code, path });
  });

  it.each(['{"user":"u","meta":{"dt":0}', '{"user":"u","meta":{"dt":0,}}', '{"user":"u","meta":{"dt":0]}', '{"meta":'])(
    '%s is no JSON',
    (text) => {
      expect(read(text)).toEqual({ code: 'malformed-json', path: '$' });
    },
  );

  it('count among the 64 levels of an event', () => {
    const nested = (levels: number) => `{${META},"a":{"b":{"x":${'['.repeat(levels)}${']'.repeat(levels)}}}}`;
    expect(read(nested(61))).toEqual({ values: withMeta });
    expect(read(nested(62))).toEqual({ code: 'too-deep', path: '$' });
    expect(read(`{${META},"length":{"new":${'['.repeat(63)}${']'.repeat(63)}}}`)).toMatchObject({ code: 'wrong-type' });
  });

  it('are what rejections name, and their objects', () => {
    const messages = new RejectMessages(schema);
    const told = (text: string) => {
      read(text);
      return `${messages.path(reader.problemSlot)}: ${messages.message(reader.code ?? 'no-key', reader.problemSlot)}`;
    };
    expect(told(`{${META},"a":{"b":7}}`)).toBe('a.b: expected an object');
    expect(told(`{${META},"length":{"new":true}}`)).toBe('length.new: expected a whole number');
  });

  it('cannot be within a field that has a value', () => {
    expect(() => new MemberTree(['a.b', 'a'])).toThrow('a is a field and cannot have members');
  });
});
