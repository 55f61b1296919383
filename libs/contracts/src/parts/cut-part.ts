import type { ByteStrings, PartBlock } from '@tillstream/core';

/**
 * Cuts a part into parts of at most `maxBytes` of group keys and accumulators each, so that every record stays below the
 * topic's limit. A single group may be larger than that. Readers treat each group by itself, so the cut carries no meaning.
 */
export function cutPart(part: PartBlock, maxBytes: number): readonly PartBlock[] {
  const { groups, accumulators } = part;
  const parts: PartBlock[] = [];
  let from = 0;
  for (let to = 1; to <= groups.count; to++) {
    const fits = to < groups.count && size(groups, from, to + 1) + size(accumulators, from, to + 1) <= maxBytes;
    if (fits) continue;
    parts.push({ ...part, groups: cut(groups, from, to), accumulators: cut(accumulators, from, to) });
    from = to;
  }
  return parts.length === 0 ? [part] : parts;
}

function size({ offsets }: ByteStrings, from: number, to: number): number {
  return (offsets[to] as number) - (offsets[from] as number);
}

function cut({ bytes, offsets }: ByteStrings, from: number, to: number): ByteStrings {
  const base = offsets[from] as number;
  return {
    count: to - from,
    bytes: bytes.subarray(base, offsets[to]),
    offsets: offsets.slice(from, to + 1).map((offset) => offset - base),
  };
}
