import type { DerivedStream, StreamDefinition } from '@tillstream/contracts';
import { AGGREGATOR } from '../aggregator/aggregator-task';
import type { DefinitionHistory } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import { gapServiceOf, readGaps } from '../task/gap-ledger';
import { TRACKER } from '../tracker/tracker-task';
import type { BatchFeed, FeedSource } from './batch-feed';
import { EnrichedFeed } from './enriched-feed';
import { findEnrichedStart, findRawStart } from './feed-start';
import type { FeedStart } from './feed-start';
import type { EnrichListener } from './raw-feed';
import { RawFeed } from './raw-feed';
import type { RecomputedPartition } from './recomputation';
import { TrackerInForce } from './tracker-in-force';
import { VisitFeed, eventsBeforeMs, rowsStart } from './visit-feed';

/** Which rows are wanted, and where they are read. */
export interface WantedRows {
  readonly reader: LogReader;
  readonly definition: StreamDefinition;
  /** Rows of raw are read under the stream file that was in force where they stand; absent: all under `definition`. */
  readonly history?: DefinitionHistory;
  readonly source: FeedSource;
  /** The derived stream of `definition` whose rows are wanted, computed from raw; absent: events are. */
  readonly derived?: DerivedStream;
  /** Windows that begin here or later are wanted. */
  readonly fromMs: number;
  /** Read raw from its first record on, and believe nothing that services have written. */
  readonly fromTheBeginning?: boolean;
  /** Awaited now and then while the ids in front are read. */
  readonly breathe?: () => Promise<void>;
}

/** Where each partition begins. */
export interface FeedStarts {
  readonly starts: readonly FeedStart[];
  /** Windows that begin earlier can no longer be computed; never before the `fromMs` asked for. */
  readonly fromMs: number;
}

/** @throws NothingRetainedError */
export async function findStarts(wanted: WantedRows): Promise<FeedStarts> {
  const { reader, definition, derived, source, fromMs, fromTheBeginning } = wanted;
  const numbers = Array.from({ length: definition.schema.partitions }, (_, partition) => partition);
  const beforeMs = derived ? eventsBeforeMs(definition, derived.of) : 0;
  const eventsFromMs = fromMs - beforeMs;
  const starts = await Promise.all(
    numbers.map((partition) =>
      source === 'raw'
        ? findRawStart(reader, definition, partition, eventsFromMs, fromTheBeginning)
        : findEnrichedStart(reader, definition, partition, eventsFromMs),
    ),
  );
  return { starts, fromMs: Math.max(fromMs, ...starts.map(({ completeFromMs }) => completeFromMs + beforeMs)) };
}

/** Opens each partition up to where its log ends now. */
export function openFeeds(
  wanted: WantedRows,
  { starts }: FeedStarts,
  onEnriched?: (partition: number, ...args: Parameters<EnrichListener>) => void,
): Promise<RecomputedPartition[]> {
  return Promise.all(
    starts.map(async (start): Promise<RecomputedPartition> => {
      const listener: EnrichListener = (...args) => onEnriched?.(start.partition, ...args);
      const { reader, definition, derived } = wanted;
      const feed = await openEvents(wanted, start, derived ? TRACKER : AGGREGATOR, listener);
      if (!derived) return { start, feed };
      const gaps = await readGaps(reader, definition, gapServiceOf(AGGREGATOR, derived.definition), start.partition);
      return { start: rowsStart(start), feed: new VisitFeed(derived.of, feed, trackerAt(wanted, start), gaps) };
    }),
  );
}

/** A partition's events, and what finds the visits in them. */
export interface TrackedPartition {
  readonly feed: BatchFeed;
  readonly tracker: TrackerInForce;
}

/** Where each partition begins so that sessions and attributions from a time on are found as they were. @throws NothingRetainedError */
export async function startTrackers(wanted: WantedRows): Promise<FeedStarts> {
  const beforeMs = Math.max(
    0,
    ...(wanted.definition.derived ?? []).map(({ of }) => eventsBeforeMs(wanted.definition, of)),
  );
  const starts = await findStarts({ ...wanted, fromMs: wanted.fromMs - beforeMs });
  return { ...starts, fromMs: starts.fromMs + beforeMs };
}

/** Opens each partition up to where its log ends now. */
export function openTrackers(wanted: WantedRows, { starts }: FeedStarts): Promise<TrackedPartition[]> {
  return Promise.all(
    starts.map(async (start) => {
      const feed = await openEvents(wanted, start, TRACKER, () => undefined);
      return { feed, tracker: trackerAt(wanted, start) };
    }),
  );
}

/** @param passedBy the service that the batches are for */
async function openEvents(
  { reader, definition, history, source, breathe }: WantedRows,
  start: FeedStart,
  passedBy: string,
  onEnriched: EnrichListener,
): Promise<BatchFeed> {
  const end = await reader.end(definition.topics[source], start.partition);
  if (source === 'enriched') return EnrichedFeed.open({ reader, definition, start, end, passedBy });
  const raw = { reader, definition, start, end, passedBy, ...(breathe && { breathe }), ...(history && { history }) };
  return RawFeed.open({ ...raw, onEnriched });
}

function trackerAt({ definition, history }: WantedRows, { partition, next, position }: FeedStart): TrackerInForce {
  const sinceMs = position.rowsSeen === 0 ? -Infinity : position.maxEventTimeMs;
  const start = { next, before: position, sinceMs };
  return new TrackerInForce({ definition, history: history ?? null, partition, start });
}
