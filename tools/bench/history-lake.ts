import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DuckDbSession,
  LakeTable,
  metricColumn,
  partitionPath,
  quoteName,
  quoteText,
  sqlType,
  type DataFile,
  type ObjectStore,
} from '@tillstream/adapter-lake';
import { keyedShape, sortColumns, writeQuery } from '@tillstream/adapter-lake/testing';
import { feedTables, type StreamDefinition } from '@tillstream/contracts';

export const DAYS = 30;
export const DAY_MS = 24 * 60 * 60 * 1_000;
export const FIRST_DAY_MS = Date.UTC(2026, 0, 1);
/** The metric that most of the finals are of. */
export const USERS_METRIC = 'high_value_users';
/** Users that there are. */
export const GROUPS = 100_000;

export interface StoredFinals {
  readonly rows: number;
  readonly ofUsers: number;
  readonly files: number;
  readonly bytes: number;
}

/** Finals of one metric as SQL makes them out of `start_ms`, the window's number `w`, the row's `k` in it and the noise `h`. */
interface MadeMetric {
  readonly name: string;
  /** Of all finals. */
  readonly share: number;
  readonly hopMs: number;
  readonly sizeMs: number;
  readonly group: Readonly<Record<string, string>>;
  readonly measures: Readonly<Record<string, string>>;
}

const MINUTE_MS = 60_000;

const MADE: readonly MadeMetric[] = [
  {
    ...{ name: USERS_METRIC, share: 0.92, hopMs: MINUTE_MS, sizeMs: 5 * MINUTE_MS },
    group: { user_id: `format('user_{:05d}', (hash(start_ms) % ${GROUPS} + k * 7919) % ${GROUPS})` },
    measures: {
      total_spent: '(10001 + h % 40000)::DECIMAL(18, 0) / 100',
      purchase_count: '1 + h % 3',
      products_purchased: `list_transform(range((1 + h % 3)::BIGINT), n -> format('Product {:04d}', (h // 7 + n) % 5000))`,
    },
  },
  {
    ...{ name: 'revenue_by_category', share: 0.07, hopMs: MINUTE_MS / 2, sizeMs: MINUTE_MS },
    group: { category: `format('category {:02d}', k)` },
    measures: {
      total_revenue: '(h % 1000000)::DECIMAL(18, 0) / 100',
      purchase_count: '1 + h % 100',
      avg_order_value: `((h % 10000)::DECIMAL(18, 0) / 100)::VARCHAR`,
    },
  },
  {
    ...{ name: 'conversion_funnel', share: 0.01, hopMs: MINUTE_MS, sizeMs: 5 * MINUTE_MS },
    group: {},
    measures: {
      ...{ unique_visitors: '500 + h % 500', cart_users: '100 + h % 100', purchasers: '10 + h % 50' },
      ...{ cart_conversion_rate: 'h % 10000 / 100', purchase_conversion_rate: 'h % 10000 / 100' },
    },
  },
];

/**
 * Makes a table of finals as the lake has it once its days are settled: one file a day, sorted, with a record for each row.
 *
 * @param count about so many rows
 */
export async function fillFinals(
  definition: StreamDefinition,
  store: ObjectStore,
  count: number,
): Promise<StoredFinals> {
  const session = await DuckDbSession.open({ memoryBytes: 1024 ** 3, threads: 2, temporary: null });
  const shape = keyedShape('finals', feedTables(definition, 'finals'), definition.schema.money.exponent);
  const finals = new LakeTable(store, `${definition.schema.stream}/finals`);
  const order = sortColumns(definition, 'finals').map(quoteName).join(', ');
  const scratch = await store.scratch();
  const add: DataFile[] = [];
  try {
    for (let day = 0; day < DAYS; day += 1) {
      const metrics = MADE.map(
        (metric) => `(${rowsOf(metric, definition, Math.round((count * metric.share) / DAYS), day)})`,
      );
      const columns = shape.columns.map(
        ({ name, type }) => `${quoteName(name)}::${sqlType(type)} AS ${quoteName(name)}`,
      );
      const none = shape.columns.map(({ name, type }) => `NULL::${sqlType(type)} AS ${quoteName(name)}`);
      const all = [...metrics, `(SELECT ${none.join(', ')} WHERE false)`].join(' UNION ALL BY NAME ');
      const query = `SELECT ${columns.join(', ')} FROM (${all}) ORDER BY ${order}`;
      const local = join(scratch, `${day}.parquet`);
      const written = await writeQuery(session, query, shape.columns, local, {}, store.address);
      const partition = { [shape.day]: new Date(FIRST_DAY_MS + day * DAY_MS).toISOString().slice(0, 10) };
      const file = { path: `${partitionPath(partition)}/c-${day}.parquet`, partition, addedMs: Date.now(), ...written };
      await store.putIfAbsent(finals.storePath(file), { file: local });
      add.push(file);
    }
    const columns = [...shape.columns, { name: shape.day, type: 'date' } as const];
    await finals.commit(() => ({ columns, partitionBy: [shape.day], add, remove: [], dataChange: true }));
  } finally {
    await session.close();
    await rm(scratch, { recursive: true, force: true });
  }
  const sum = (of: (file: DataFile) => number): number => add.reduce((all, file) => all + of(file), 0);
  const [users] = MADE;
  return {
    ...{ rows: sum(({ rows }) => rows), files: add.length, bytes: sum(({ bytes }) => bytes) },
    ofUsers: Math.round((count * (users?.share ?? 0)) / DAYS) * DAYS,
  };
}

/** A user as finals call them. */
export function groupName(number: number): string {
  return `user_${String(number).padStart(5, '0')}`;
}

/** SQL of a day's finals of a metric, spread over its windows. Columns that others have are not there. */
function rowsOf(metric: MadeMetric, definition: StreamDefinition, rows: number, day: number): string {
  const { name, hopMs, sizeMs, group, measures } = metric;
  const identity = definition.metrics.find((declared) => declared.name === name)?.identity ?? '';
  const version = identity.slice(identity.lastIndexOf('@') + 1);
  const windows = DAY_MS / hopMs;
  const json = (values: Readonly<Record<string, string>>): string =>
    `to_json({${Object.entries(values)
      .map(([field, sql]) => `${quoteText(field)}: ${sql}`)
      .join(', ')}})::VARCHAR`;
  const groupText = Object.keys(group).length === 0 ? quoteText('{}') : json(group);
  const struct = Object.entries({ ...group, ...measures }).map(([field, sql]) => `${quoteText(field)}: ${sql}`);
  const instant = (ms: string): string => `strftime(make_timestamp((${ms}) * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')`;
  const record =
    `format('{{"metric":"${name}","definition":"${version}","window_start":"{}","window_end":"{}","group":{},` +
    `"measures":{},"final":true,"revision":{}}}', start, ${instant(`start_ms + ${sizeMs}`)}, group_text, ${json(measures)}, revision)`;
  return `
    SELECT k % 4 AS _partition, ${day * rows} + i AS _offset, 0 AS _index, to_timestamp(start_ms / 1000) AS _time,
      format('f|${identity}|{}|{}', start, group_text) AS id, ${quoteText(name)} AS metric, ${quoteText(version)} AS definition,
      _time AS window_start, to_timestamp((start_ms + ${sizeMs}) / 1000) AS window_end, group_text AS "group",
      revision, false AS truncated, {${struct.join(', ')}} AS ${quoteName(metricColumn(identity))}, ${record} AS record
    FROM (
      SELECT *, ${instant('start_ms')} AS start, ${groupText} AS group_text, 1 + h % 4 AS revision
      FROM (
        SELECT i, k, (hash(i, start_ms) % 1000000000)::BIGINT AS h, start_ms
        FROM (
          SELECT i, i - (w * ${rows} + ${windows - 1}) // ${windows} AS k, ${FIRST_DAY_MS + day * DAY_MS} + w * ${hopMs} AS start_ms
          FROM (SELECT range AS i, range * ${windows} // ${rows} AS w FROM range(${rows}))
        )
      )
    )`;
}
