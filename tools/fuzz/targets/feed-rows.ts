import {
  decodeSinkDeadLetter,
  encodeSinkDeadLetter,
  type FeedColumnType,
  feedDecoder,
  FEEDS,
  feedTables,
  type FeedValue,
  type KeyedFeed,
  parseStreamFile,
  type StoredRecord,
} from '@tillstream/contracts';
import { expectSame, promise } from '../fuzz-target';

const parsed = parseStreamFile(
  `stream: fuzzed
partitions: 1
key: [user]
eventTime: {field: timestamp, outOfOrderness: 1s}
money: {currency: USD}
fields: {timestamp: {type: timestamp}, user: {type: string}, product_id: {type: string, optional: true}, price: {type: money, optional: true}}
sessions: {gap: 30m}
attribution: {from: price == null, to: price != null, on: [product_id], within: 30m, revenue: price}
metrics:
  m: {groupBy: [user, timestamp], window: {size: 1m}, measures: {n: count(), total: sum(price), l: collect(user), t: "top(2, user by count())"}}
`,
  { file: 'fuzzed.yaml' },
);
if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
const { definition } = parsed;
const [metric] = definition.metrics;

const feeds = FEEDS.filter((feed): feed is KeyedFeed => feed !== 'events').map((feed) => ({
  feed,
  decode: feedDecoder(definition, feed),
  tables: new Map(feedTables(definition, feed).map((table) => [table.name, table])),
}));

const IS: Readonly<Record<FeedColumnType, (value: FeedValue) => boolean>> = {
  string: (value) => typeof value === 'string',
  int: Number.isSafeInteger,
  double: Number.isFinite,
  money: (value) => typeof value === 'string',
  decimal: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  timestamp: Number.isSafeInteger,
  strings: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  json: () => true,
  bytes: (value) => value instanceof Uint8Array,
};

/** Whatever stands in a topic, what is made of it has a place in a table, and can be kept when a store refuses it. */
export function runFeeds(record: StoredRecord): void {
  for (const { feed, decode, tables } of feeds) {
    // `m@abc` stands for the metric of the stream above, so that what is found is read with its types, too.
    for (const each of feed === 'finals' ? [record, ofMetric(record)] : [record]) {
      for (const row of decode(each, 3)) {
        const table = tables.get(row.table);
        promise(table !== undefined, `a row of the table ${row.table}`);
        for (const { name, type } of table?.columns ?? []) {
          const value = row.values[name] ?? null;
          promise(value === null || IS[type](value), `${row.table}.${name} that is no ${type}`);
        }
        promise(Number.isSafeInteger(row.version) && row.version >= 0, 'a row without a version');
        promise(Number.isSafeInteger(row.timeMs), 'a row without a time');
        const letter = { sink: 'search', feed, row, reason: 'no' };
        expectSame('id kept', decodeSinkDeadLetter(encodeSinkDeadLetter(letter))?.row.id, row.id);
      }
    }
  }
}

function ofMetric(record: StoredRecord): StoredRecord {
  const text = Buffer.from(record.key ?? []).toString('latin1');
  return { ...record, key: Buffer.from(text.replace('|m@abc|', `|${metric?.identity}|`), 'latin1') };
}
