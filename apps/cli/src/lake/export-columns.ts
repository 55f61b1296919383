import type { ExportColumn, TableSnapshot } from '@tillstream/adapter-lake';
import type { Feed, FeedColumn, StreamDefinition } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { CliError } from '../cli-context';

/** In finals of all metrics they are JSON. */
const MEASURES = 'measures';

/**
 * The columns of a feed as they are exported: as the stream file declares them, as far as the table has them.
 *
 * @param holder of finals of one metric: the column that has what is of it alone
 */
export function exportColumns(
  definition: StreamDefinition,
  feed: Feed,
  metric: MetricDefinition | null,
  { columns }: TableSnapshot,
  holder: string | null,
): readonly ExportColumn[] {
  const there = new Set(columns.map(({ name }) => name));
  const id = feed === 'events' ? [] : [plain({ name: 'id', type: 'string' })];
  const declared = feedTables(definition, feed).find((table) => metric === null || table.name === metric.identity);
  const own = declared?.columns ?? [];
  if (feed !== 'finals') return [...id, ...own.filter(({ name }) => there.has(name)).map(plain)];
  const common = own.filter(({ of, name }) => of === undefined && name !== MEASURES && there.has(name)).map(plain);
  if (metric === null || holder === null)
    return [...common, { name: MEASURES, from: ['record'], path: '$.measures', isJson: true }];
  if (!there.has(holder))
    throw new CliError(`the lake has no finals of ${metric.name} under its present definition yet`);
  const values = own.flatMap(({ name, type, of }): ExportColumn[] =>
    of === undefined ? [] : [{ name, from: [holder, name], isJson: type === 'json' }],
  );
  return [...common.filter(({ name }) => name !== 'group'), ...values];
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
