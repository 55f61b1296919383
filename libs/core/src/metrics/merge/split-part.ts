import { murmur2 } from '../../hash/murmur2';
import { ALL_TIME } from '../../windowing/window-spec';
import { ByteWriter } from '../checkpoint/byte-writer';
import type { PartBlock } from '../output';

/**
 * Divides a part over the partitions of the parts topic, by a hash of metric, window and group: all shares of a group and
 * window, from whichever partition, meet in one place. Null where a partition gets nothing.
 */
export function splitPart(block: PartBlock, partitions: number): (PartBlock | null)[] {
  if (partitions === 1) return [block.groups.count === 0 ? null : block];
  const { groups, accumulators } = block;
  const shares = Array.from({ length: partitions }, () => [] as number[]);
  const place = new ByteWriter();
  place.text(block.metric);
  place.integer(block.endMs === ALL_TIME.sizeMs ? 0 : block.startMs); // shares of a total begin where each partition does
  const prefix = place.length;
  for (let group = 0; group < groups.count; group++) {
    place.length = prefix;
    place.raw(groups.bytes, groups.offsets[group] as number, groups.offsets[group + 1] as number);
    const hash = murmur2(place.viewFrom(0), 0, place.length) & 0x7fffffff;
    shares[hash % partitions]?.push(group);
  }
  return shares.map((share) =>
    share.length === 0 ? null : { ...block, groups: pick(groups, share), accumulators: pick(accumulators, share) },
  );
}

function pick({ bytes, offsets }: PartBlock['groups'], items: readonly number[]): PartBlock['groups'] {
  const picked = new ByteWriter();
  const ends = new Uint32Array(items.length + 1);
  items.forEach((item, i) => {
    picked.raw(bytes, offsets[item] as number, offsets[item + 1] as number);
    ends[i + 1] = picked.length;
  });
  return { count: items.length, bytes: picked.toBytes(), offsets: ends };
}
