import type { DerivedStream, StreamDefinition } from '@tillstream/contracts';
import { AGGREGATOR } from '../aggregator/aggregator-task';
import type { DefinitionHistory } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import { gapServiceOf, readGaps } from '../task/gap-ledger';
import { TRACKER } from '../tracker/tracker-name';
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
      const feed = await openEvents(wanted, start, listener);
      return wanted.derived ? openRows(wanted, wanted.derived, start, feed) : { start, feed };
    }),
  );
}

async function openEvents(wanted: WantedRows, start: FeedStart, onEnriched: EnrichListener): Promise<BatchFeed> {
  const { reader, definition, history, derived, source, breathe } = wanted;
  const end = await reader.end(definition.topics[source], start.partition);
  const passedBy = derived ? TRACKER : AGGREGATOR;
  if (source === 'enriched') return EnrichedFeed.open({ reader, definition, start, end, passedBy });
  const raw = { reader, definition, start, end, passedBy, ...(breathe && { breathe }), ...(history && { history }) };
  return RawFeed.open({ ...raw, onEnriched });
}

/** The rows that a tracker of our own makes of the events of a partition. */
async function openRows(
  { reader, definition, history }: WantedRows,
  derived: DerivedStream,
  start: FeedStart,
  events: BatchFeed,
): Promise<RecomputedPartition> {
  const { partition, next, position } = start;
  const sinceMs = position.rowsSeen === 0 ? -Infinity : position.maxEventTimeMs;
  const begin = { next, before: position, sinceMs };
  const tracker = new TrackerInForce({ definition, history: history ?? null, partition, start: begin });
  const gaps = await readGaps(reader, definition, gapServiceOf(AGGREGATOR, derived.definition), partition);
  return { start: rowsStart(start), feed: new VisitFeed(derived.of, events, tracker, gaps) };
}
