import { decodePartsRecord, encodeFrontier, encodeParts, encodePart } from '@tillstream/contracts';
import { type PartBlock, splitPart } from '@tillstream/core';

import { expectSame, type FuzzTarget } from '../fuzz-target';

const PARTITIONS = 3;

function run(input: Uint8Array): void {
  const record = decodePartsRecord({ value: input });
  if (record.kind === 'unknown') return;
  const { value } =
    record.kind === 'part' ? encodePart(record.source, record.part) : encodeFrontier(record.source, record.frontier);
  expectSame('read again', contentOf(decodePartsRecord({ value })), contentOf(record));
  if (record.kind !== 'part') return;
  const { part } = record;
  const groups = (block: PartBlock): string[] =>
    stringsOf(block.groups).map((key, i) => `${key}=${stringsOf(block.accumulators)[i]}`);
  const shares = splitPart(part, PARTITIONS).flatMap((share) => (share === null ? [] : groups(share)));
  expectSame('groups of all shares', shares.sort(), groups(part).sort());
}

function contentOf(record: ReturnType<typeof decodePartsRecord>): unknown {
  if (record.kind !== 'part') return record;
  const { groups, accumulators, ...rest } = record.part;
  return { ...record, part: { ...rest, groups: stringsOf(groups), accumulators: stringsOf(accumulators) } };
}

function stringsOf({ count, bytes, offsets }: PartBlock['groups']): string[] {
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString('hex'),
  );
}

function blockOf(items: readonly string[]): PartBlock['groups'] {
  const offsets = new Uint32Array(items.length + 1);
  items.forEach((item, i) => (offsets[i + 1] = (offsets[i] as number) + item.length));
  return { count: items.length, bytes: Buffer.from(items.join('')), offsets };
}

function seeds(): Uint8Array[] {
  const part: PartBlock = {
    metric: 'revenue@0123456789ab',
    startMs: 1_772_355_600_000,
    endMs: 1_772_355_660_000,
    frozen: true,
    revision: 77,
    groups: blockOf(['toys', '', 'books']),
    accumulators: blockOf(['\x01\x02', 'abc', '']),
  };
  const early = { ...part, startMs: -60_000, endMs: 0, frozen: false, groups: blockOf([]), accumulators: blockOf([]) };
  const frontier = {
    watermarkInputMs: 1_772_355_600_000,
    maxEventTimeMs: -5,
    maxAppendMs: -Infinity,
    caughtUp: true,
    held: true,
    rawNext: 9,
  };
  const records = [...encodeParts(2, part), encodePart(0, early), encodeFrontier(1, frontier)];
  return records.map(({ value }) => value ?? new Uint8Array(0));
}

export const target: FuzzTarget = {
  name: 'part-records',
  about: 'records of the parts topic: unknown, or read and written again as the same; shares of a part lose no group',
  maxBytes: 1_024,
  maxAllocatedBytes: 1024 * 1024,
  seeds,
  run,
};
