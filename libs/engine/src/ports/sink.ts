import type {
  Feed,
  FeedRow,
  FeedTable,
  SinkDefinition,
  SinkType,
  StreamDefinition,
  StreamFileProblem,
} from '@tillstream/contracts';
import type { EventBatch } from '@tillstream/core';
import type { Clock, Random } from './clock';
import type { TaskLog } from './telemetry';

/** A portion of one partition of a feed: everything in the range [from, next) of its positions that a filter let through. */
export interface FeedPortion {
  /** Offsets of the feed's topic; of events, raw offsets. */
  readonly from: number;
  readonly next: number;
  readonly rows: PortionRows;
}

/** Events come in columns, everything else in rows. */
export type PortionRows =
  | {
      readonly kind: 'columns';
      readonly table: FeedTable;
      readonly batch: EventBatch;
      /** Indexes of those rows of the batch that are meant, ascending. */
      readonly selected: Uint32Array;
    }
  | { readonly kind: 'rows'; readonly rows: readonly FeedRow[] };

/** A row that the store will never take. */
export interface RefusedRow {
  readonly row: FeedRow;
  /** In the store's own words. */
  readonly reason: string;
}

/** Keeps refused rows elsewhere; resolves once they are safe there. */
export type KeepRefused = (refused: readonly RefusedRow[]) => Promise<void>;

/** When what has been added should be stored: at the first of these. They may change with every flush. */
export interface FlushBounds {
  readonly rows: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** What waits to be stored. */
export interface PendingRows {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * A store outside, as it takes one feed's partition.
 *
 * Promise: when `flush` resolves, every row that was added before is stored, durably and once by its id, or was refused and kept.
 * The same rows may be added again after a failure or a crash, by this or another process, also while one of them still writes.
 */
export interface SinkPartition {
  /**
   * The first position that is not stored yet, where the store itself knows it: `add` must go on exactly there. Null: the store
   * does not; the committed group offset is good enough, because rows stored twice are one.
   */
  readonly next: number | null;
  readonly bounds: FlushBounds;
  readonly pending: PendingRows;
  /** Takes what follows what was added last. Nothing is stored yet; may wait for room. */
  add(portion: FeedPortion): Promise<void>;
  /**
   * Stores everything that was added. What is refused for good goes to `keep`, which must have resolved before anything in the store
   * says that these rows have been passed: a crash in between would lose them. They may go there more than once.
   * @throws SinkUnavailableError: nothing is lost, call again later. So it is with what `keep` throws. SinkOvertakenError: open anew.
   */
  flush(keep: KeepRefused): Promise<void>;
  /** Forgets what was added and not stored. */
  close(): Promise<void>;
}

/** A store outside that a stream file declares, as this process reaches it. */
export interface Sink {
  /**
   * Looks whether everything is there, and makes what it may make: directories, tables, templates.
   * @throws SinkRefusedError naming what is wrong and the remedy; SinkUnavailableError when it cannot be told yet
   */
  prepare(): Promise<void>;
  /**
   * @param tables rows of the feed have one of these shapes, as of the definition in force; opened anew when it changes
   * @throws as `prepare`
   */
  open(feed: Feed, partition: number, tables: readonly FeedTable[]): Promise<SinkPartition>;
  /**
   * One round of what keeps the store in order beside the writing: compaction, retention. Resolves with how long it may rest
   * after it, in ms. Other processes may do the same at once, and `close` ends it. Absent: there is nothing to do.
   * @throws SinkUnavailableError, SinkRefusedError: it is tried again later, and the writing goes on
   */
  tend?(): Promise<number>;
  close(): Promise<void>;
}

/** What the process that reaches a store has for it. */
export interface SinkEnvironment {
  /** The environment's `TILLSTREAM_SINK_<NAME>_<VARIABLE>` of this sink, by `VARIABLE`: `WHERE`, `USER`, `PASSWORD`. Never logged. */
  readonly variables: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: TaskLog;
}

/** A sink, or what is wrong with its declaration: settings of its type that are unknown or cannot be, no address. */
export type OpenedSink =
  { readonly ok: true; readonly sink: Sink } | { readonly ok: false; readonly problems: readonly StreamFileProblem[] };

/** A kind of store. Its adapter exports one of these, and whoever composes a service names it: there is nothing else to do. */
export interface SinkKind {
  readonly type: SinkType;
  /** Checks the declaration and gives the sink; reaches nothing outside yet. */
  open(sink: SinkDefinition, definition: StreamDefinition, environment: SinkEnvironment): OpenedSink;
}

/**
 * Where a sink's rows go: what the environment says goes before the stream file, and its `DEFAULT_WHERE` holds where neither says it.
 * Null: nowhere.
 */
export function addressOf({ where }: SinkDefinition, { variables }: Pick<SinkEnvironment, 'variables'>): string | null {
  return variables['WHERE'] ?? where ?? variables['DEFAULT_WHERE'] ?? null;
}

/** The store does not answer, or not now. */
export class SinkUnavailableError extends Error {
  override readonly name = 'SinkUnavailableError';
  readonly code = 'SINK_UNAVAILABLE';

  constructor(
    message: string,
    /** What the store asked for; null: back off as usual. */
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The store will not take anything until somebody acts: rights, a wrong bucket, another mapping, a missing column. */
export class SinkRefusedError extends Error {
  override readonly name = 'SinkRefusedError';
  readonly code = 'SINK_REFUSED';
}

/** Somebody else has stored rows of this partition meanwhile: what is in memory is worth nothing. */
export class SinkOvertakenError extends Error {
  override readonly name = 'SinkOvertakenError';
  readonly code = 'SINK_OVERTAKEN';
}
