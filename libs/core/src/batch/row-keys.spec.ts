import * as fc from 'fast-check';
import { columnsOf } from '../metrics/testing/partition-log';
import { anEventBatch } from './event-batch.fixture';
import { aField, aSchema } from '../stream/schema.fixture';
import { RowKeys } from './row-keys';

const schema = aSchema(
  [aField('user', 'string'), aField('group', 'string', { dictionary: true }), aField('visitor', 'int')],
  {
    key: ['user', 'group', 'visitor'],
    eventTime: { field: 'user', outOfOrdernessMs: 0, futureToleranceMs: 0, idleAfterMs: 0 },
  },
);

describe('RowKeys', () => {
  it('knows a row by the text of the first key field that it has', () => {
    const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 5 }));
    const row = fc.record({ user: text, group: text, visitor: fc.option(fc.maxSafeInteger()) });
    const [batch] = fc.sample(anEventBatch, 1);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        if (batch === undefined) throw new Error('there is no batch');
        const keys = new RowKeys(schema);
        keys.begin({ ...batch, rows: rows.length, columns: columnsOf(schema, rows) });
        const located = rows.map((_, i) => {
          return keys.locate(i)
            ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(keys.bytes.subarray(keys.start, keys.end))
            : null;
        });
        expect(located).toEqual(
          rows.map(({ user, group, visitor }) => user || group || (visitor === null ? null : String(visitor))),
        );
      }),
    );
  });

  it('refuses a key that is not declared', () => {
    expect(() => new RowKeys({ ...schema, key: ['customer'] })).toThrow(RangeError);
  });
});
