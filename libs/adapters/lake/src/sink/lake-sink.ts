import { feedsOf, type Feed, type FeedTable, type StreamDefinition } from '@tillstream/contracts';
import type { FlushBounds, Sink, SinkEnvironment, SinkPartition } from '@tillstream/engine';
import { SinkRefusedError } from '@tillstream/engine';

import { DuckDbSession } from '../duckdb/duckdb-session';
import type { TypedColumn } from '../sql/column-type';
import type { ObjectStore } from '../store/object-store';
import { LakeTable } from '../table/lake-table';
import { planCommit } from '../table/planned-commit';
import { COMPACTION } from '../tend/compaction-plan';
import type { TableInCare } from '../tend/rewriting';
import { sortColumns } from '../tend/sort-columns';
import { tendTable } from '../tend/tend-table';
import { EventBuffer } from './event-buffer';
import type { FeedBuffer } from './feed-buffer';
import { knownIds, type SharedValue } from './known-ids';
import { LakePartition, type FeedTableWriter } from './lake-partition';
import type { LakeSettings } from './lake-settings';
import { FINALS_ORDER, RowBuffer, TIME_ORDER } from './row-buffer';
import { eventShape, keyedShape, type TableShape } from './table-shape';
import { Turns } from './turns';

const MIN_PENDING_BYTES = 1024 ** 2;
const TEND_EVERY_MS = 60_000;
const VACUUM_EVERY_MS = 6 * 60 * 60 * 1_000;

/** The lake of a stream: a Delta table a feed, in a directory or a bucket. */
export class LakeSink implements Sink {
  private readonly tables = new Map<Feed, LakeTable>();
  private readonly opened = new Set<LakePartition>();
  private session: Promise<DuckDbSession> | null = null;
  private readonly turns: Turns;
  private readonly ending = new AbortController();
  private tending: Promise<unknown> = Promise.resolve();
  private vacuumDueMs = -Infinity;

  constructor(
    private readonly definition: StreamDefinition,
    private readonly settings: LakeSettings,
    private readonly store: ObjectStore,
    private readonly environment: Pick<SinkEnvironment, 'clock' | 'random' | 'log'>,
  ) {
    this.turns = new Turns(settings.threads);
  }

  async prepare(): Promise<void> {
    await this.store.prepare();
    await this.duckdb();
  }

  async open(feed: Feed, partition: number, tables: readonly FeedTable[]): Promise<SinkPartition> {
    const table = this.tableOf(feed);
    const [session, snapshot] = [await this.duckdb(), await table.snapshot()];
    const kind = feed === 'events' ? this.events(tables) : this.keyed(feed, tables, session, table);
    const writer: FeedTableWriter = {
      store: this.store,
      session,
      table,
      columns: [
        ...kind.shape.columns.map(({ name, type }) => ({ name, type })),
        { name: kind.shape.day, type: 'date' },
      ],
      partitionBy: kind.partitionBy,
      notes: { 'tillstream.stream': this.definition.schema.stream, 'tillstream.feed': feed },
      random: this.environment.random,
      nowMs: () => this.environment.clock.nowMs(),
      newBuffer: kind.newBuffer,
      dropKnown: kind.dropKnown,
      bounds: () => this.bounds(),
      inTurn: (work) => this.turns.run(work),
      closed: (closed) => this.opened.delete(closed),
    };
    if (snapshot !== null) this.verifyLayout(table, writer, snapshot.partitionBy);
    // Columns that cannot be had are refused before there is anything to be lost.
    planCommit(snapshot, { columns: writer.columns, add: [], remove: [], dataChange: true }, table.path, 0);
    const appId = `${feed}/${partition}`;
    const opened = new LakePartition(writer, appId, partition, snapshot?.positions.get(appId) ?? null);
    this.opened.add(opened);
    return opened;
  }

  /** Puts small files together, and removes expired days and what no table names any more. */
  tend(): Promise<number> {
    const tending = this.tendTables();
    this.tending = tending.catch(() => undefined);
    return tending;
  }

  async close(): Promise<void> {
    this.ending.abort();
    await this.tending;
    await Promise.all([...this.opened].map((partition) => partition.close()));
    const session = await this.session?.catch(() => null);
    this.session = null;
    await session?.close();
  }

  private async tendTables(): Promise<number> {
    const nowMs = this.environment.clock.nowMs();
    const isVacuumDue = nowMs >= this.vacuumDueMs;
    const upkeep = { compaction: COMPACTION, retentionMs: this.settings.retention, isVacuumDue };
    for (const feed of feedsOf(this.definition)) {
      if (this.ending.signal.aborted) break;
      const { files, into, expired, vacuumed } = await tendTable(await this.inCare(feed), upkeep);
      if (files + expired + vacuumed.files === 0) continue;
      const table = this.tableOf(feed).path;
      this.environment.log.info('lake_tended', { table, files, into, expired, vacuumed: vacuumed.files });
    }
    if (isVacuumDue) this.vacuumDueMs = nowMs + VACUUM_EVERY_MS;
    return TEND_EVERY_MS;
  }

  /** The rows of a stream that wait share the memory they have. */
  private bounds(): FlushBounds {
    const { roll, memory } = this.settings;
    const share = Math.floor(memory / 2 / Math.max(1, this.opened.size));
    return { rows: roll.rows, bytes: Math.max(MIN_PENDING_BYTES, Math.min(roll.bytes, share)), ageMs: roll.every };
  }

  private events(tables: readonly FeedTable[]): FeedKind {
    const { schema } = this.definition;
    const [table] = tables;
    if (table === undefined) throw new Error('events have a table');
    const shape = eventShape(table, schema.money.exponent);
    const { partitionField } = this.settings;
    const timeField = schema.fields.find(({ name }) => name === schema.eventTime.field)?.number ?? 0;
    const column = table.columns.find(({ of }) => of?.kind === 'field' && of.name === partitionField);
    return {
      shape,
      partitionBy: [shape.day, ...(column === undefined ? [] : [column.name])],
      newBuffer: () => new EventBuffer(shape, timeField),
      dropKnown: async () => undefined, // the chain of ranges has every event once
    };
  }

  private keyed(feed: Feed, tables: readonly FeedTable[], session: DuckDbSession, table: LakeTable): FeedKind {
    const shape = keyedShape(feed, tables, this.definition.schema.money.exponent);
    return {
      shape,
      partitionBy: [shape.day],
      newBuffer: () => new RowBuffer(shape, feed === 'finals' ? FINALS_ORDER : TIME_ORDER),
      dropKnown: async (rows, snapshot) => {
        if (!(rows instanceof RowBuffer)) throw new Error('these are no rows with ids');
        rows.drop(await knownIds(session, table, snapshot, rows.all(), sharedValue(feed)));
      },
    };
  }

  /** A table keeps the directories that it was made with. */
  private verifyLayout(table: LakeTable, { columns, partitionBy }: FeedTableWriter, stands: readonly string[]): void {
    const missing = stands.find((name) => !columns.some((column) => column.name === name));
    if (missing !== undefined) {
      throw new SinkRefusedError(
        `files of the table ${table.path} of the lake at ${this.store.address} are kept apart by ${missing}, which the stream does not have ` +
          'any more. Declare the field again, or another place for the lake.',
      );
    }
    if (stands.join() === partitionBy.join()) return;
    const message =
      'files of this table go on to be kept apart as they were; declare another place for the lake to change it';
    this.environment.log.warn(message, { table: table.path, partitionBy: stands, declared: partitionBy });
  }

  private async inCare(feed: Feed): Promise<TableInCare> {
    return {
      ...{ store: this.store, session: await this.duckdb(), table: this.tableOf(feed) },
      orderBy: sortColumns(this.definition, feed),
      random: this.environment.random,
      nowMs: () => this.environment.clock.nowMs(),
      inTurn: (work) => this.turns.run(work),
      signal: this.ending.signal,
    };
  }

  private tableOf(feed: Feed): LakeTable {
    let table = this.tables.get(feed);
    if (table === undefined) {
      table = new LakeTable(this.store, `${this.definition.schema.stream}/${feed}`, () =>
        this.environment.clock.nowMs(),
      );
      this.tables.set(feed, table);
    }
    return table;
  }

  private duckdb(): Promise<DuckDbSession> {
    const { memory, threads } = this.settings;
    this.session ??= DuckDbSession.open({ memoryBytes: memory / 2, threads, temporary: null });
    return this.session;
  }
}

interface FeedKind {
  readonly shape: TableShape<TypedColumn>;
  readonly partitionBy: readonly string[];
  readonly newBuffer: () => FeedBuffer;
  readonly dropKnown: FeedTableWriter['dropKnown'];
}

/** A dead letter that is told again comes at another time; of late rows the time depends on the stream file that is in force. */
function sharedValue(feed: Feed): SharedValue {
  if (feed !== 'late' && feed !== 'dead_letters') return { column: '_time', of: ({ timeMs }) => timeMs };
  return {
    column: 'source_offset',
    of: ({ values: { source_offset: offset } }) => (typeof offset === 'number' ? offset : null),
  };
}
