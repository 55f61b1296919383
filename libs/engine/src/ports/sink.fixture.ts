import type { Feed, FeedRow, FeedTable, SinkDefinition, StreamDefinition } from '@tillstream/contracts';
import { FEEDS, feedTables } from '@tillstream/contracts';
import { definitionFrom } from '@tillstream/contracts/testing';
import type { LogEntry } from '@tillstream/core/testing';
import { PartitionLog } from '@tillstream/core/testing';
import type { FeedPortion, RefusedRow, Sink, SinkEnvironment, SinkPartition } from './sink';
import { SinkOvertakenError } from './sink';
import { silentTelemetry } from './telemetry';

/** A row as a store gives it back. */
export interface StoredRow {
  /** `name` of its table. */
  readonly table: string;
  /** Of events `<partition>|<offset>|<index>`, of its columns `_partition`, `_offset` and `_index`. */
  readonly id: string;
}

/** A store, empty when it is created, with the accidents a test needs. */
export interface SinkUnderTest {
  /** A sink of its own on the same store, as another process has it. The suite calls `prepare` and `close`. */
  connect(): Sink;
  /** Everything that the store holds of a feed, as often as it holds it, as any other program would read it. */
  stored(feed: Feed): Promise<readonly StoredRow[]>;
  /** A row that the store will never take, made of one that it takes; null: it takes every row. */
  readonly poisoned: ((row: FeedRow) => FeedRow) | null;
  /** The store does not answer until the function is called that comes back; null: such a store is tested elsewhere. */
  readonly cutOff: (() => Promise<() => Promise<void>>) | null;
  close(): Promise<void>;
}

/** The stream whose feeds are stored: a field of each type. */
export const SINK_STREAM = `stream: sunk
partitions: 2
key: [user]
id: {field: id}
eventTime: {field: at, outOfOrderness: 2s}
money: {currency: USD}
fields:
  id: {type: string}
  at: {type: timestamp}
  user: {type: string}
  kind: {type: string, dictionary: true, values: [view, cart, buy]}
  category: {type: string, optional: true, dictionary: true}
  amount: {type: money, optional: true}
  pieces: {type: int, optional: true}
  rating: {type: double, optional: true}
  member: {type: bool, optional: true}
metrics:
  sales:
    groupBy: [category]
    window: {size: 20s}
    measures: {total: sum(amount), orders: count()}
  visitors:
    window: {size: 10s}
    measures: {viewers: distinct(user)}
`;

export function sinkStream(): StreamDefinition {
  return definitionFrom(SINK_STREAM, 'sunk.yaml');
}

/** A sink that is given everything, as a stream file declares it. */
export function aSink(more: Pick<SinkDefinition, 'type' | 'where'> & Partial<SinkDefinition>): SinkDefinition {
  const feeds = FEEDS.map((feed) => ({ feed, filter: null, columns: null, metrics: null }));
  return { name: more.type, feeds, settings: {}, places: new Map(), ...more };
}

let drawn = 0;

/** Plain time, chance that is none, and nothing logged. */
export function aSinkEnvironment(variables: Readonly<Record<string, string>> = {}): SinkEnvironment {
  return {
    variables,
    clock: {
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    random: { hex: (bytes) => (drawn += 1).toString(16).padStart(2 * bytes, '0') },
    log: silentTelemetry.log,
  };
}

const START_MS = Date.UTC(2026, 0, 5, 23, 59);
const SECOND_MS = 1_000;
const utf8 = new TextEncoder();

/** A feed's rows of one partition, written down once; portions are cut from it anywhere. */
export interface FeedLog {
  readonly feed: Feed;
  readonly partition: number;
  readonly tables: readonly FeedTable[];
  /** Positions go from 0 to here. */
  readonly end: number;
  portion(from: number, next: number): FeedPortion;
  /** Everything below a position, once, sorted as `sortedIds` sorts. */
  ids(next: number): readonly string[];
}

/** As the suite compares them. */
export function sortedIds(rows: readonly StoredRow[]): readonly string[] {
  return rows.map(({ table, id }) => `${table}|${id}`).sort();
}

/** Events of a partition: a record at each raw offset, of none to three rows; every seventh row is of no interest. */
export function eventLog(definition: StreamDefinition, partition: number, records: number): FeedLog {
  const { schema } = definition;
  const entries = Array.from({ length: records }, (_, offset): LogEntry => {
    const rows = Array.from({ length: offset % 4 }, (_row, index) => anEvent(partition, offset, index));
    return { offset, appendMs: START_MS + offset * SECOND_MS, rows };
  });
  const log = new PartitionLog(schema, partition, entries);
  const tables = feedTables(definition, 'events');
  const [table] = tables as readonly [FeedTable];
  const isMeant = (offset: number, index: number): boolean => (offset + index) % 7 !== 0;
  const placesOf = (from: number, next: number): [number, number][] =>
    entries.slice(from, next).flatMap(({ offset, rows }) => rows.map((_, index): [number, number] => [offset, index]));
  return {
    feed: 'events',
    partition,
    tables,
    end: records,
    portion: (from, next) => {
      const selected = placesOf(from, next).flatMap(([offset, index], row) => (isMeant(offset, index) ? [row] : []));
      const batch = log.batch(from, next);
      return { from, next, rows: { kind: 'columns', table, batch, selected: Uint32Array.from(selected) } };
    },
    ids: (next) =>
      placesOf(0, next)
        .filter(([offset, index]) => isMeant(offset, index))
        .map(([offset, index]) => `events|${partition}|${offset}|${index}`)
        .sort(),
  };
}

function anEvent(partition: number, offset: number, index: number): LogEntry['rows'][number] {
  const at = offset * 3 + index;
  return {
    id: `e-${partition}-${at}`,
    at: START_MS + at * SECOND_MS,
    user: `user ${at % 5} "ö`,
    kind: ['view', 'cart', 'buy'][at % 3] ?? null,
    category: at % 4 === 0 ? null : `c${at % 2}`,
    amount: at % 3 === 2 ? at * 100 + 99 : null,
    pieces: at % 2 === 0 ? at : null,
    rating: at % 5 === 0 ? null : at / 7,
    member: at % 6 === 0,
  };
}

/** Finals of two metrics and of one partition, some of which their publisher has written again at a later offset. */
export function finalLog(definition: StreamDefinition, partition: number, records: number): FeedLog {
  const tables = feedTables(definition, 'finals').filter(({ metric }) => metric !== null);
  const rows = Array.from({ length: records }, (_, offset) => aFinal(tables, partition, offset));
  return {
    feed: 'finals',
    partition,
    tables,
    end: records,
    portion: (from, next) => ({ from, next, rows: { kind: 'rows', rows: rows.slice(from, next) } }),
    ids: (next) => [...new Set(rows.slice(0, next).map(({ table, id }) => `${table}|${id}`))].sort(),
  };
}

/** Every fifth is told again three records later. */
function aFinal(tables: readonly FeedTable[], partition: number, offset: number): FeedRow {
  const told = offset % 5 === 3 ? offset - 3 : offset;
  const table = tables[told % tables.length] as FeedTable;
  const isSales = table.name.startsWith('sales');
  const startMs = START_MS + told * 20 * SECOND_MS;
  const category = told % 3 === 0 ? null : `c${told % 3}`;
  const group = isSales ? { category } : {};
  const id = `f|${table.name}|${startMs}|${partition}|${JSON.stringify(group)}`;
  const values = {
    metric: table.metric,
    definition: table.name.slice(-8),
    window_start: startMs,
    window_end: startMs + 20 * SECOND_MS,
    group,
    revision: told + 1,
    truncated: false,
    ...(isSales ? { category, total: `${told}.05`, orders: told } : { viewers: told % 2 === 0 ? told : null }),
  };
  const record = utf8.encode(JSON.stringify({ id, ...values }));
  return {
    table: table.name,
    id,
    version: told + 1,
    timeMs: startMs,
    partition,
    offset,
    index: 0,
    record,
    values,
  };
}

/** A process that writes a feed's partition as a task does: opens anew when it has been overtaken, goes on where the store says. */
export class FeedWriter {
  private partition: SinkPartition | null = null;
  private at = 0;
  readonly refused: RefusedRow[] = [];

  constructor(
    private readonly sink: Sink,
    private readonly log: FeedLog,
    /** The committed group offset. */
    private readonly committed: { next: number },
  ) {}

  /** Adds what comes next, up to `until`. */
  async add(until: number): Promise<void> {
    const partition = await this.opened();
    const next = Math.min(until, this.log.end);
    if (next <= this.at) return;
    await partition.add(this.log.portion(this.at, next));
    this.at = next;
  }

  /** False: overtaken, and everything begins anew. */
  async flush(): Promise<boolean> {
    const partition = await this.opened();
    const { at } = this;
    try {
      await partition.flush(async (refused) => {
        this.refused.push(...refused);
      });
    } catch (cause) {
      if (!(cause instanceof SinkOvertakenError)) throw cause;
      await this.crash();
      return false;
    }
    this.committed.next = Math.max(this.committed.next, at);
    return true;
  }

  /** Adds and flushes, however often it is overtaken, until everything below `next` is stored. */
  async store(next: number): Promise<void> {
    do await this.add(next);
    while (!(await this.flush()) || this.at < next);
  }

  /** What is in memory is lost. */
  async crash(): Promise<void> {
    const { partition } = this;
    this.partition = null;
    await partition?.close();
  }

  private async opened(): Promise<SinkPartition> {
    if (this.partition) return this.partition;
    const { feed, partition, tables } = this.log;
    this.partition = await this.sink.open(feed, partition, tables);
    this.at = this.partition.next ?? this.committed.next;
    return this.partition;
  }
}
