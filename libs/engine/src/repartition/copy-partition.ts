import type { CopyPlace, StreamDefinition } from '@tillstream/contracts';
import { copiedFrom, decodeRawRecord } from '@tillstream/contracts';
import { appendPortions } from '../ports/log';
import type { LogReader, LogWriter, NewRecord } from '../ports/log';
import { newestFirst } from '../task/log-tail';
import { PartitionCopy } from './partition-copy';

/** What a copy reads and writes. */
export interface CopyPorts {
  readonly reader: LogReader;
  readonly writer: LogWriter;
}

/** How far one partition of the next generation has come. */
interface Reached {
  /** Place of the last record that was copied there; null: none was. */
  place: CopyPlace | null;
  isBegun: boolean;
}

const READ_WAIT_MS = 5_000;

/**
 * Copies one raw partition into the partitions of the next generation that come from it, up to `end`. What is there already, from a run
 * before, is not written again: the log says itself how far it has come.
 *
 * @param onCopied told of records as they are in the log
 * @returns the copy, as it stands at `end`
 */
export async function copyPartition(
  { reader, writer }: CopyPorts,
  from: StreamDefinition,
  to: StreamDefinition,
  partition: number,
  end: number,
  onCopied: (records: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<PartitionCopy> {
  const begin = await reader.begin(from.topics.raw, partition);
  const copy = new PartitionCopy(from, to, partition, begin);
  const reached = new Map<number, Reached>();
  for (const target of copy.targets) reached.set(target, await reachedIn(reader, to.topics.raw, target));

  while (copy.position < end) {
    signal?.throwIfAborted();
    const read = await reader.read(from.topics.raw, partition, copy.position, READ_WAIT_MS);
    if (read.length === 0) break; // what is left below the end are markers
    const wanted = read.filter(({ offset }) => offset < end);
    const records = new Map<number, NewRecord[]>(copy.targets.map((target) => [target, []]));
    for (const { partition: target, place, record } of copy.copy(wanted)) {
      const so = reached.get(target) as Reached;
      const list = records.get(target) as NewRecord[];
      if (so.place !== null && !isBehind(place, so.place)) continue;
      if (!so.isBegun) list.push(...copy.opening(record.timestampMs ?? 0));
      so.isBegun = true;
      so.place = place;
      list.push(record);
    }
    // One partition after the other would wait for each; within one, what follows must not be there without what it follows.
    await Promise.all(
      [...records].map(async ([target, list]) => {
        for (const portion of appendPortions(list)) await writer.append(to.topics.raw, target, portion);
      }),
    );
    onCopied(wanted.length);
    if (wanted.length < read.length) break;
  }
  return copy;
}

/**
 * Ends the copy of a partition, once nothing more will be written to the old one: from here on it is a partition like any other. Does
 * nothing where that has been done.
 */
export async function finishPartition(
  { reader, writer }: CopyPorts,
  to: StreamDefinition,
  copy: PartitionCopy,
): Promise<void> {
  const { raw } = to.topics;
  for (const target of copy.targets) {
    const { isBegun } = await reachedIn(reader, raw, target);
    if (isBegun && !(await isHeld(reader, raw, target))) continue;
    const opening = isBegun ? [] : copy.opening(0).map(({ timestampMs: _, ...record }) => record);
    await writer.append(raw, target, [...opening, ...copy.closing()]);
  }
}

async function reachedIn(reader: LogReader, topic: string, partition: number): Promise<Reached> {
  let isBegun = false;
  for await (const { headers } of newestFirst(reader, topic, partition)) {
    isBegun = true;
    const place = copiedFrom(headers);
    if (place !== null) return { place, isBegun };
  }
  return { place: null, isBegun };
}

/** The last word about it is that nothing is to be decided by idleness. */
async function isHeld(reader: LogReader, topic: string, partition: number): Promise<boolean> {
  for await (const record of newestFirst(reader, topic, partition)) {
    const kind = decodeRawRecord(record).control?.kind;
    if (kind === 'hold' || kind === 'release') return kind === 'hold';
  }
  return false;
}

const isBehind = (place: CopyPlace, last: CopyPlace): boolean =>
  place.offset > last.offset || (place.offset === last.offset && place.part > last.part);
