import type { LogReader, PartitionSource } from '../ports/log';
import { COPIES_IN_A_ROW, newestBatch } from '../task/batch-search';
import type { GapLedger } from '../task/gap-ledger';
import { recordsBetween } from '../task/log-tail';
import { firstBatch, readableBatch } from '../task/readable-batch';
import { StopPartitionError } from '../task/stop-partition';
import type { FeedStart } from './feed-intake';

/** What is known of where a feed's partition was left. */
export interface LeftAt {
  readonly task: string;
  /** Of the gaps that an operator has accepted. */
  readonly service: string;
  readonly stream: string;
  readonly gaps: GapLedger;
  /** The first position that the store does not have; null: it does not know. */
  readonly stored: number | null;
  /** Group offset, in the feed's topic; null: there is none. */
  readonly committed: number | null;
}

/**
 * Where to read `enriched`. A store that knows its position says a raw offset, and the batch that holds it is looked for. Of others the
 * group offset is all there is: what the batches below it reach is where the next one must begin.
 *
 * @throws StopPartitionError when the log no longer holds what comes next
 */
export async function findEventStart(
  reader: LogReader,
  { topic, partition }: Pick<PartitionSource, 'topic' | 'partition'>,
  left: LeftAt,
): Promise<FeedStart> {
  const { stored, committed, gaps } = left;
  const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
  const first = await firstBatch(reader, topic, partition, begin, end);
  if (stored !== null) {
    const from = gaps.behind(stored);
    if (!first) return { next: stored, seek: begin };
    if (first.batch.rawFrom > from) stopBefore(left, `raw offset ${from}`, from, first.batch.rawFrom, topic, partition);
    const found = await newestBatch({ reader, topic, partition, first, end }, ({ rawFrom }) => rawFrom <= from);
    return { next: stored, seek: found.offset };
  }
  if (committed === null) return { next: null, seek: begin };
  if (committed < begin) {
    const rawFrom = first?.batch.rawFrom ?? 0;
    if (!gaps.holds(rawFrom - 1)) stopBefore(left, `offset ${committed}`, 0, rawFrom, topic, partition);
    return { next: null, seek: begin };
  }
  if (committed > end) stopBeyond(left, committed, end, topic, partition);
  if (!first || first.offset >= committed) return { next: null, seek: committed };
  return { next: await reachedBelow(reader, topic, partition, committed), seek: committed };
}

/** What the batches below an offset reach: the last one may be a copy that somebody who was away has written behind newer ones. */
async function reachedBelow(
  reader: LogReader,
  topic: string,
  partition: number,
  offset: number,
): Promise<number | null> {
  let next: number | null = null;
  const from = Math.max(await reader.begin(topic, partition), offset - COPIES_IN_A_ROW);
  for await (const record of recordsBetween(reader, topic, partition, from, offset)) {
    next = Math.max(next ?? 0, readableBatch(record)?.rawNext ?? 0);
  }
  return next;
}

/**
 * Where to read a keyed feed's topic.
 *
 * @throws StopPartitionError when the log no longer holds what comes next
 */
export async function findRowStart(
  reader: LogReader,
  { topic, partition }: Pick<PartitionSource, 'topic' | 'partition'>,
  left: LeftAt,
): Promise<FeedStart> {
  const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
  const next = left.stored ?? left.committed;
  if (next === null) return { next: null, seek: begin };
  const seek = left.gaps.behind(next);
  if (seek < begin) stopBefore(left, `offset ${seek}`, seek, begin, topic, partition);
  if (seek > end) stopBeyond(left, seek, end, topic, partition);
  return { next, seek };
}

function stopBefore(
  { task, service, stream }: LeftAt,
  place: string,
  from: number,
  to: number,
  topic: string,
  partition: number,
): never {
  throw new StopPartitionError(
    'log-before-position',
    task,
    `${topic}/${partition} no longer holds ${place}, where the work goes on: records expired before the store had them; ` +
      `\`till skip ${service} ${stream} ${partition} ${from} ${to}\` accepts the loss`,
  );
}

function stopBeyond({ task }: LeftAt, next: number, end: number, topic: string, partition: number): never {
  throw new StopPartitionError(
    'log-before-position',
    task,
    `${topic}/${partition} ends at ${end}, before ${next}, where the work goes on: the topic was made anew or has lost records. ` +
      'Declare the sink under another name, with an empty place of its own, and it begins where the topic does',
  );
}
