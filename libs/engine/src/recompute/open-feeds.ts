import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import type { FeedSource } from './batch-feed';
import { EnrichedFeed } from './enriched-feed';
import { findEnrichedStart, findRawStart } from './feed-start';
import type { FeedStart } from './feed-start';
import type { EnrichListener } from './raw-feed';
import { RawFeed } from './raw-feed';
import type { RecomputedPartition } from './recomputation';

/** Which rows are wanted, and where they are read. */
export interface WantedRows {
  readonly reader: LogReader;
  readonly definition: StreamDefinition;
  /** Rows of raw are read under the stream file that was in force where they stand; absent: all under `definition`. */
  readonly history?: DefinitionHistory;
  readonly source: FeedSource;
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
  const { reader, definition, source, fromMs, fromTheBeginning } = wanted;
  const numbers = Array.from({ length: definition.schema.partitions }, (_, partition) => partition);
  const starts = await Promise.all(
    numbers.map((partition) =>
      source === 'raw'
        ? findRawStart(reader, definition, partition, fromMs, fromTheBeginning)
        : findEnrichedStart(reader, definition, partition, fromMs),
    ),
  );
  return { starts, fromMs: Math.max(fromMs, ...starts.map(({ completeFromMs }) => completeFromMs)) };
}

/** Opens each partition up to where its log ends now. */
export function openFeeds(
  { reader, definition, history, source, breathe }: WantedRows,
  { starts }: FeedStarts,
  onEnriched?: (partition: number, ...args: Parameters<EnrichListener>) => void,
): Promise<RecomputedPartition[]> {
  return Promise.all(
    starts.map(async (start): Promise<RecomputedPartition> => {
      const { partition } = start;
      const end = await reader.end(definition.topics[source], partition);
      if (source === 'enriched') return { start, feed: await EnrichedFeed.open({ reader, definition, start, end }) };
      const raw = { reader, definition, start, end, ...(breathe && { breathe }), ...(history && { history }) };
      const listener: EnrichListener = (...args) => onEnriched?.(partition, ...args);
      return { start, feed: await RawFeed.open({ ...raw, onEnriched: listener }) };
    }),
  );
}
