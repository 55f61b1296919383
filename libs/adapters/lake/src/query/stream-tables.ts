import { feedsOf, streamsOf, type Feed, type StreamDefinition } from '@tillstream/contracts';
import { isTotal } from '@tillstream/core';
import { metricColumn } from '../sink/table-shape';
import { quoteName, quoteText } from '../sql/quote';
import { readFiles, type ReadableFile } from '../sql/read-files';
import { LakeTable } from '../table/lake-table';
import type { TableSnapshot } from '../table/table-snapshot';
import type { ObjectStore } from '../store/object-store';
import type { SqlQuestion, SqlView } from './sql-question';

/** Feeds that can be asked in SQL, each as a table of its name. Dead letters hold what nobody has looked at: any bytes. */
const ASKED: readonly Feed[] = ['events', 'finals', 'sessions', 'attributions', 'late'];

/** A table that can be asked for, and how it comes about. */
interface Offered {
  readonly name: string;
  readonly feed: Feed;
  readonly body: (relation: string) => string;
  /** A column that the lake's table must have. */
  readonly column: string | null;
}

/** The tables of one stream's lake, for SQL. */
export class StreamTables {
  private readonly tables = new Map<Feed, LakeTable>();

  constructor(
    private readonly store: ObjectStore,
    private readonly stream: string,
  ) {}

  /**
   * Those tables that a text may be about, as they are now. Files of the others are not even looked at: there may be thousands.
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
    const files: string[] = [];
    const relations = new Map<Feed, { readonly relation: string; readonly snapshot: TableSnapshot } | null>();
    for (const feed of new Set(wanted.map((table) => table.feed))) {
      const snapshot = await this.table(feed).snapshot();
      const local = snapshot ? await this.local(feed, snapshot) : [];
      files.push(...local.map((file) => file.local));
      relations.set(feed, snapshot && { relation: readFiles(snapshot.columns, snapshot.partitionBy, local), snapshot });
    }
    const views = wanted.flatMap(({ name, feed, body, column }): SqlView[] => {
      const there = relations.get(feed) ?? null;
      // Nothing was written yet.
      if (there === null || (column !== null && !there.snapshot.columns.some((one) => one.name === column))) return [];
      return [{ name, body: body(there.relation) }];
    });
    return { names: offered.map(({ name }) => name), views, files };
  }

  private table(feed: Feed): LakeTable {
    const known = this.tables.get(feed) ?? new LakeTable(this.store, `${this.stream}/${feed}`);
    this.tables.set(feed, known);
    return known;
  }

  private async local(feed: Feed, snapshot: TableSnapshot): Promise<readonly ReadableFile[]> {
    const files: ReadableFile[] = [];
    for (const file of snapshot.files.values()) {
      files.push({ local: await this.table(feed).local(file), partition: file.partition });
    }
    return files;
  }
}

/** The feeds as they are, and each metric with its groups and measures as columns. A metric named as a feed has `_` in front. */
function offeredBy(definition: StreamDefinition): readonly Offered[] {
  const feeds = feedsOf(definition).filter((feed) => ASKED.includes(feed));
  const whole = feeds.map((feed): Offered => ({ name: feed, feed, column: null, body: (relation) => relation }));
  const metrics = streamsOf(definition)
    .flatMap((stream) => stream.metrics)
    .filter(({ window }) => !isTotal(window))
    .map(({ name, identity }): Offered => {
      const column = metricColumn(identity);
      const own = `metric = ${quoteText(name)} AND definition = ${quoteText(identity.slice(identity.lastIndexOf('@') + 1))}`;
      return {
        ...{ name: ASKED.some((feed) => feed === name) ? `_${name}` : name, feed: 'finals', column },
        body: (relation) =>
          `SELECT window_start, window_end, ${quoteName(column)}.*, revision, truncated FROM (${relation}) WHERE ${own}`,
      };
    });
  return [...whole, ...metrics];
}
