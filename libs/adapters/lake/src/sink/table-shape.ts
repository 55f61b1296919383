import type { Feed, FeedColumn, FeedTable } from '@tillstream/contracts';

import { columnTypeOf, type TypedColumn } from '../sql/column-type';
import type { EventColumn } from './event-source';
import type { RowColumn } from './keyed-source';

/** Where every row of the lake stands in its log. */
const POSITION_COLUMNS = [
  { name: '_partition', type: 'long', from: 'partition' },
  { name: '_offset', type: 'long', from: 'offset' },
  { name: '_index', type: 'long', from: 'index' },
] as const;

/** The table of a feed in the lake: columns of its rows, and the one made of their time, by which files are kept apart. */
export interface TableShape<Column extends TypedColumn> {
  readonly columns: readonly Column[];
  /** A column that rows do not have themselves, of the day (UTC) that they belong to. */
  readonly day: string;
}

/** @param columns the table's, or those of them that are wanted */
export function eventShape({ columns }: FeedTable, moneyScale: number): TableShape<EventColumn> {
  const placed: readonly EventColumn[] = [
    ...POSITION_COLUMNS,
    ...columns.flatMap(({ name, type, of }): EventColumn[] => {
      if (of?.kind === 'field')
        return [{ name, type: columnTypeOf(type, moneyScale), from: 'field', number: of.number }];
      return name === '_append_time' ? [{ name, type: 'timestamp', from: 'append_time' }] : [];
    }),
  ];
  return { columns: placed, day: freeName('date', namesOf(placed)) };
}

/** @param tables of the feed: of finals one a metric */
export function keyedShape(feed: Feed, tables: readonly FeedTable[], moneyScale: number): TableShape<RowColumn> {
  const own: readonly RowColumn[] = [
    { name: '_partition', type: 'long', valueOf: ({ partition }) => partition },
    { name: '_offset', type: 'long', valueOf: ({ offset }) => offset },
    { name: '_index', type: 'long', valueOf: ({ index }) => index },
    { name: '_time', type: 'timestamp', valueOf: ({ timeMs }) => timeMs },
    { name: 'id', type: 'string', valueOf: ({ id }) => id },
    { name: 'record', type: 'string', valueOf: ({ record }) => record },
  ];
  const taken = namesOf(own);
  const plain = (columns: readonly FeedColumn[]) =>
    columns.map((column): RowColumn => {
      const name = freeName(column.name, taken);
      taken.add(name.toLowerCase());
      return { name, type: columnTypeOf(column.type, moneyScale), valueOf: ({ values }) => values[column.name] };
    });
  const columns = feed === 'finals' ? finalColumns(tables, plain, moneyScale) : plain(tables[0]?.columns ?? []);
  // The record stands behind what it says.
  const all = [...own.slice(0, -1), ...columns, ...own.slice(-1)];
  return { columns: all, day: freeName('date', namesOf(all)) };
}

/** What finals of all metrics have, and for each metric one column of its groups and measures. */
function finalColumns(
  tables: readonly FeedTable[],
  plain: (columns: readonly FeedColumn[]) => RowColumn[],
  moneyScale: number,
): readonly RowColumn[] {
  const shared = new Map(
    tables.flatMap(({ columns }) =>
      columns.filter(({ of }) => of === undefined).map((column) => [column.name, column]),
    ),
  );
  const metrics = tables.flatMap((table): RowColumn[] => {
    const fields = table.columns
      .filter(({ of }) => of !== undefined)
      .map(({ name, type }): TypedColumn => ({ name, type: columnTypeOf(type, moneyScale) }));
    if (fields.length === 0) return [];
    const name = metricColumn(table.name);
    return [
      { name, type: { kind: 'struct', fields }, valueOf: (row) => (row.table === table.name ? row.values : null) },
    ];
  });
  return [...plain([...shared.values()]), ...metrics];
}

/** The column of the groups and measures of a metric, by its identity: `revenue_by_category_0123abcd`. */
export function metricColumn(identity: string): string {
  return identity.replace('@', '_');
}

function namesOf(columns: readonly TypedColumn[]): Set<string> {
  return new Set(columns.map(({ name }) => name.toLowerCase()));
}

/** Readers of such tables do not tell names apart by their case. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  while (taken.has(free.toLowerCase())) free = `_${free}`;
  return free;
}
