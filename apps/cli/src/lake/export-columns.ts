import type { ExportColumn, TableSnapshot } from '@tillstream/adapter-lake';
import type { Feed, FeedColumn, StreamDefinition } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { CliError } from '../cli-context';

/** The column that says when a row of a feed happened; of dead letters there is only the day they were written. */
export function timeColumn({ schema }: StreamDefinition, feed: Feed): string {
  switch (feed) {
    case 'events':
      return schema.eventTime.field;
    case 'finals':
      return 'window_start';
    case 'sessions':
      return 'ended';
    case 'attributions':
      return 'purchased';
    case 'late':
      return 'event_time';
    case 'dead_letters':
      return 'date';
  }
}

/** The columns of a feed as they are exported: as the stream file declares them, as far as the table has them. */
export function exportColumns(
  definition: StreamDefinition,
  feed: Feed,
  metric: MetricDefinition | null,
  { columns }: TableSnapshot,
): readonly ExportColumn[] {
  const there = new Set(columns.map(({ name }) => name));
  const id = feed === 'events' ? [] : [plain({ name: 'id', type: 'string' })];
  const declared = feedTables(definition, feed).find((table) => metric === null || table.name === metric.identity);
  const own = declared?.columns ?? [];
  if (feed !== 'finals') return [...id, ...own.filter(({ name }) => there.has(name)).map(plain)];
  const common = own.filter(({ of, name }) => of === undefined && there.has(name)).map(plain);
  if (metric === null) return [...common, { name: 'measures', from: ['record'], path: '$.measures', isJson: true }];
  const holder = holderOf(metric);
  if (!there.has(holder))
    throw new CliError(`the lake has no finals of ${metric.name} under its present definition yet`);
  const values = own.flatMap(({ name, type, of }): ExportColumn[] =>
    of === undefined ? [] : [{ name, from: [holder, name], isJson: type === 'json' }],
  );
  return [...common.filter(({ name }) => name !== 'group'), ...values];
}

/** The column that holds what is of one metric alone. */
export function holderOf({ identity }: Pick<MetricDefinition, 'identity'>): string {
  return identity.replaceAll('@', '_');
}

/** Only some of them, in the order in which they are named. @throws CliError that names those there are */
export function columnsNamed(columns: readonly ExportColumn[], names: readonly string[]): readonly ExportColumn[] {
  if (names.length === 0) return columns;
  return names.map((wanted) => {
    const found = columns.find(({ name }) => name === wanted);
    if (found === undefined) {
      throw new CliError(`there is no column ${wanted}`, `There are ${columns.map(({ name }) => name).join(', ')}.`);
    }
    return found;
  });
}

function plain({ name, type }: FeedColumn): ExportColumn {
  return { name, from: [name], isJson: type === 'json' };
}
