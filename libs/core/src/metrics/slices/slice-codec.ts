import { ByteReader } from '../checkpoint/byte-reader';
import { ByteWriter } from '../checkpoint/byte-writer';
import type { CollectedItems } from '../measures/collected';
import type { DistinctCounter } from '../measures/distinct-counter';
import type { EdgeValues } from '../measures/edge-values';
import type { GroupTable } from '../groups/group-table';
import type { FieldKeySpace, KeySpace } from '../groups/key-space';
import type { CollectPart, MetricPlan } from '../plan/metric-plan';
import { readNumbers, writeNumbers } from '../merge/part-codec';
import type { Slice } from './slice';

/** First byte of every delta. */
const VERSION = 1;

const writer = new ByteWriter();
const keyWriter = new ByteWriter();

/** The parts of a metric's state that the entries and sightings of a slice refer to. */
export interface SliceOwner {
  readonly plan: MetricPlan;
  readonly space: KeySpace;
  readonly groups: GroupTable;
  /** The counter and the members of each distinct count of the plan, and its number within the counter. */
  readonly distincts: readonly {
    readonly counter: DistinctCounter;
    readonly members: FieldKeySpace;
    readonly count: number;
  }[];
}

/**
 * A slice as it is checkpointed: the numbers of groups in full (so that a repeated delta does no harm) and the members
 * that were seen. `changes` writes what the checkpoint does not have, `all` the whole slice.
 */
export function encodeSlice(slice: Slice, owner: SliceOwner, extent: 'changes' | 'all'): Uint8Array {
  const { plan, space } = owner;
  const entries =
    extent === 'all'
      ? Array.from({ length: slice.count }, (_, i) => i)
      : slice.unsaved.items.subarray(0, slice.unsaved.length);
  const placeOf = new Map<number, number>(); // sightings name their group by its place in this list
  writer.clear();
  writer.byte(VERSION);
  writer.count(entries.length);
  for (const entry of entries) {
    if (owner.distincts.length > 0) placeOf.set(slice.keys[entry] as number, placeOf.size);
    keyWriter.clear();
    space.write(slice.keys[entry] as number, keyWriter);
    writer.bytes(keyWriter.viewFrom(0), 0, keyWriter.length);
    writeNumbers(plan, writer, slice.cells, entry * plan.width);
    for (const { list } of plan.collects) {
      writeCollected(slice.collected[list] as CollectedItems, entry);
    }
    for (const { at, edge } of plan.edges) {
      if (!Number.isNaN(slice.cells[entry * plan.width + at])) (slice.edges[edge] as EdgeValues).write(entry, writer);
    }
    for (const tallies of slice.sketches) tallies.write(entry, writer);
    for (const table of slice.tops) table.write(entry, writer, extent);
  }
  owner.distincts.forEach(({ counter, members }, d) => {
    const list = slice.sightings[d] as Slice['sightings'][number];
    const from = extent === 'all' ? 0 : (slice.savedSightings[d] as number);
    writer.count(list.length - from);
    for (let i = from; i < list.length; i++) {
      const pair = list.at(i);
      if (plan.metric.groupBy.length > 0) writer.count(placeOf.get(counter.groupOf(pair)) as number);
      members.write(counter.memberOf(pair), writer);
    }
  });
  return writer.toBytes();
}

/**
 * Takes over what `encodeSlice` wrote. Later deltas overwrite earlier ones. Returns the entries it has set.
 *
 * @throws RangeError for a delta that is cut short or was written by a later version
 */
export function restoreSlice(slice: Slice, owner: SliceOwner, bytes: Uint8Array): readonly number[] {
  const { plan, space, groups } = owner;
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw new RangeError(`a delta of ${plan.metric.identity} has version ${version}`);
  const entries: number[] = [];
  for (let left = reader.count(); left > 0; left--) {
    const entry = slice.entryOf(space.read(new ByteReader(reader.bytes())), groups);
    entries.push(entry);
    readNumbers(plan, reader, slice.cells, entry * plan.width);
    for (const part of plan.collects) {
      readCollected(
        slice.collected[part.list] as CollectedItems,
        entry,
        reader,
        part,
        slice.cells[entry * plan.width + part.at],
      );
    }
    for (const { at, edge } of plan.edges) {
      if (!Number.isNaN(slice.cells[entry * plan.width + at])) (slice.edges[edge] as EdgeValues).read(entry, reader);
    }
    for (const tallies of slice.sketches) tallies.read(entry, reader);
    for (const table of slice.tops) table.read(entry, reader);
  }
  owner.distincts.forEach(({ counter, members, count }) => {
    for (let left = reader.count(); left > 0; left--) {
      const entry = plan.metric.groupBy.length > 0 ? entries[reader.count()] : slice.find(0);
      if (entry === undefined || entry < 0)
        throw new RangeError(`a delta of ${plan.metric.identity} has a member of no group`);
      counter.addMember(slice, count, entry, members.read(reader));
    }
  });
  reader.finish();
  return entries;
}

function writeCollected(items: CollectedItems, entry: number): void {
  let count = 0;
  for (let item = items.first(entry); item >= 0 && !items.isLeftOut(item); item = items.next[item] as number) count++;
  writer.count(count);
  for (let item = items.first(entry); item >= 0; item = items.next[item] as number) {
    writer.count(items.offsets[item] as number);
    writer.count(items.indexes[item] as number);
    if (!items.isLeftOut(item)) items.values.write(item, writer);
  }
}

/** Replaces what the entry had. @param collected how many values there were, listed or not */
function readCollected(
  items: CollectedItems,
  entry: number,
  reader: ByteReader,
  { limit, maxBytes }: CollectPart,
  collected = 0,
): void {
  items.forget(entry);
  const count = reader.count();
  for (let left = count; left > 0; left--) {
    const offset = reader.count();
    const index = reader.count();
    items.values.read(reader);
    const item = items.append(entry, offset, index);
    items.reserve(entry, items.values.listedBytes(item), maxBytes);
  }
  // Fewer than there were: the next one did not fit, and only its position follows.
  if (count < Math.min(limit, collected)) items.leaveOut(entry, reader.count(), reader.count());
}
