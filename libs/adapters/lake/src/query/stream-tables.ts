import { feedsOf, streamsOf, type Feed, type StreamDefinition } from '@tillstream/contracts';
import { isTotal } from '@tillstream/core';
import { mayHave, type TimeSpan } from '../read/table-relation';
import { metricColumn } from '../sink/table-shape';
import { quoteName, quoteText } from '../sql/quote';
import { readColumns, readFiles, type ReadableFile } from '../sql/read-files';
import { LakeTable } from '../table/lake-table';
import type { TableSnapshot } from '../table/table-snapshot';
import type { ObjectStore } from '../store/object-store';
import type { SqlQuestion, SqlView } from './sql-question';
import { spansOf, type SqlSpans } from './sql-spans';

/** Feeds that can be asked in SQL, each as a table of its name. Dead letters hold what nobody has looked at: any bytes. */
const ASKED: readonly Feed[] = ['events', 'finals', 'sessions', 'attributions', 'late'];

/** Columns of finals that a metric's table is made of, beside its own. */
const SHARED = ['metric', 'definition', 'window_start', 'window_end', 'revision', 'truncated'];

/** A table that can be asked for, and how it comes about. */
interface Offered {
  readonly name: string;
  readonly feed: Feed;
  /** Of all columns of the lake's table, or of those in `columns`. */
  readonly body: (relation: string) => string;
  /** Columns of the lake's table that it is made of, all of which there must be; null: whatever there is. */
  readonly columns: readonly string[] | null;
  /** Its columns of instants that are columns of the lake's table under the same names. */
  readonly instants: (snapshot: TableSnapshot) => readonly string[];
}

/** Of a feed, what may be asked for. */
interface FeedFiles {
  readonly snapshot: TableSnapshot;
  readonly files: readonly ReadableFile[];
}

/** The tables of one stream's lake, for SQL. */
export class StreamTables {
  private readonly tables = new Map<Feed, LakeTable>();

  constructor(
    private readonly store: ObjectStore,
    private readonly stream: string,
  ) {}

  /**
   * Those tables that a text may be about, as they are now. Files of the others are not even looked at: there may be thousands. Nor are
   * those without instants that the text asks for, where this can be told.
   *
   * @returns names of all tables; views of those; their files, on this machine
   */
  async mentionedIn(
    sql: string,
    definition: StreamDefinition,
  ): Promise<Pick<SqlQuestion, 'names' | 'views' | 'files'>> {
    const text = sql.toLowerCase();
    const isAll = /\bshow\s+tables\b/.test(text);
    const offered = offeredBy(definition);
    const wanted = offered.filter(({ name }) => isAll || text.includes(name.toLowerCase()));
    const spans = spansOf(
      sql,
      offered.map(({ name }) => name.toLowerCase()),
    );
    const spanned = offered.find(({ name }) => name.toLowerCase() === spans?.table);
    const files: string[] = [];
    const there = new Map<Feed, FeedFiles | null>();
    for (const feed of new Set(wanted.map((table) => table.feed))) {
      const snapshot = await this.table(feed).snapshot();
      // What names one table reads no other of its feed.
      const within = snapshot && spanned?.feed === feed ? spansIn(spans, spanned.instants(snapshot)) : [];
      const local = snapshot ? await this.local(feed, snapshot, within) : [];
      files.push(...local.map((file) => file.local));
      there.set(feed, snapshot && { snapshot, files: local });
    }
    const views = wanted.flatMap((table) => viewOf(table, there.get(table.feed) ?? null));
    return { names: offered.map(({ name }) => name), views, files };
  }

  private table(feed: Feed): LakeTable {
    const known = this.tables.get(feed) ?? new LakeTable(this.store, `${this.stream}/${feed}`);
    this.tables.set(feed, known);
    return known;
  }

  private async local(
    feed: Feed,
    snapshot: TableSnapshot,
    within: readonly TimeSpan[],
  ): Promise<readonly ReadableFile[]> {
    const files: ReadableFile[] = [];
    for (const file of snapshot.files.values()) {
      if (!within.every((span) => mayHave(file, span))) continue;
      files.push({ local: await this.table(feed).local(file), partition: file.partition });
    }
    return files;
  }
}

function instantsOf({ columns }: TableSnapshot): readonly string[] {
  return columns.filter(({ type }) => type === 'timestamp').map(({ name }) => name);
}

function viewOf({ name, body, columns: own }: Offered, there: FeedFiles | null): SqlView[] {
  if (there === null) return [];
  const { snapshot, files } = there;
  const { columns, partitionBy } = snapshot;
  const names = columns.map((column) => column.name);
  // Nothing was written yet.
  if (own !== null && !own.every((column) => names.includes(column))) return [];
  const cheaper = readColumns(own ?? names, columns, partitionBy, files);
  const view = { name, body: body(readFiles(columns, partitionBy, files)) };
  return [cheaper === null ? view : { ...view, cheaper: body(cheaper) }];
}

/** As the table writes their columns; those of other columns are left out. */
function spansIn(spans: SqlSpans | null, instants: readonly string[]): readonly TimeSpan[] {
  return (spans?.spans ?? []).flatMap((span) => {
    const column = instants.find((name) => name.toLowerCase() === span.column);
    return column === undefined ? [] : [{ ...span, column }];
  });
}

/** The feeds as they are, and each metric with its groups and measures as columns. A metric named as a feed has `_` in front. */
function offeredBy(definition: StreamDefinition): readonly Offered[] {
  const feeds = feedsOf(definition).filter((feed) => ASKED.includes(feed));
  const whole = feeds.map((feed): Offered => {
    return { name: feed, feed, columns: null, body: (relation) => relation, instants: instantsOf };
  });
  const metrics = streamsOf(definition)
    .flatMap((stream) => stream.metrics)
    .filter(({ window }) => !isTotal(window))
    .map(({ name, identity }): Offered => {
      const column = metricColumn(identity);
      const own = `metric = ${quoteText(name)} AND definition = ${quoteText(identity.slice(identity.lastIndexOf('@') + 1))}`;
      return {
        ...{
          name: ASKED.some((feed) => feed === name) ? `_${name}` : name,
          feed: 'finals',
          columns: [...SHARED, column],
        },
        instants: () => ['window_start', 'window_end'],
        body: (relation) =>
          `SELECT window_start, window_end, ${quoteName(column)}.*, revision, truncated FROM (${relation}) WHERE ${own}`,
      };
    });
  return [...whole, ...metrics];
}
