import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRawRecord, parseStreamFile } from '@tillstream/contracts';
import { emptyPosition, RawEnricher, type StreamSchema } from '@tillstream/core';
import { PLAIN_SHOP, SeededRandom, type ShopRow, ShopRows } from '@tillstream/shop-events';
import { plainCommerce } from './commerce-definition';
import { expectedOutcome, type OracleRecord } from './raw-oracle';

/** The first ones, and some that found a difference once. */
const SEEDS = [...Array.from({ length: 60 }, (_, i) => i + 1), 68, 230, 857, 3079, 5817];
const START_MS = Date.parse('2026-03-01T09:00:00Z');
const dedupe = { withinMs: 20_000, maxRows: 60 };
const PARTITION = 1;

/** The shipped stream with a short memory, so that it is exceeded. */
function schema(): StreamSchema {
  const file = join(__dirname, '../../deploy/streams/commerce.yaml');
  const parsed = parseStreamFile(readFileSync(file, 'utf8'), { file });
  if (!parsed.ok) throw new Error('the shipped stream file is broken');
  return { ...parsed.definition.schema, dedupe };
}

/** A raw partition with everything that can be in one: other partitions' rows, repeats, faults, control records. */
function anyPartition(seed: number): OracleRecord[] {
  const random = new SeededRandom(seed * 7919);
  const rows = new ShopRows({
    ...PLAIN_SHOP,
    seed,
    users: 6,
    disorderMs: 20_000,
    lateness: { share: 0.1, maxMs: 600_000 },
    duplicates: 0.15,
    bad: 0.15,
  });
  let nowMs = START_MS;
  const records: OracleRecord[] = [];
  while (records.length < 60) {
    nowMs += random.below(4_000);
    records.push(anyRecord(random, rows, nowMs, records));
  }
  return records;
}

function anyRecord(random: SeededRandom, rows: ShopRows, nowMs: number, before: readonly OracleRecord[]): OracleRecord {
  const offset = before.length + before.length * random.below(2);
  const place = { offset: (before.at(-1)?.offset ?? -1) + 1 + (offset % 2), appendMs: nowMs - random.below(3_000) };
  const earlier = before.length > 0 ? random.pick(before) : undefined;
  if (earlier !== undefined && random.chance(0.1)) return { ...earlier, ...place };
  const take = (count: number): ShopRow[] => Array.from({ length: count }, () => rows.next(nowMs));
  const value = (): Buffer => {
    const taken = take(1 + random.below(5));
    const whole = taken.filter(({ fault }) => fault !== 'malformed-json' || random.chance(0.2));
    switch (random.below(5)) {
      case 0:
        return Buffer.from(`[${whole.map(({ text }) => text).join(', ')}]`);
      case 1:
        return Buffer.from(taken.map(({ text }) => `${text}\n`).join('\r\n'));
      case 2:
        return broken(random, Buffer.from(taken.map(({ text }) => text).join('\n')));
      case 3:
        return broken(random, Buffer.from(`[${whole.map(({ text }) => text).join(',')}]`));
      default:
        return Buffer.from(taken[0]?.text ?? '');
    }
  };
  const headers: Record<string, Uint8Array> = {};
  if (random.chance(0.5)) headers['tillstream-batch-id'] = Buffer.from(random.hex(16));
  if (random.chance(0.1)) {
    const kind = random.pick(['advance', 'hold', 'release', 'novelty']);
    const toMs = nowMs + random.below(20_000) - 10_000;
    const decision = Buffer.from(JSON.stringify({ kind, toMs }));
    return { ...place, headers: { 'tillstream-control': Buffer.from(kind) }, value: decision };
  }
  if (random.chance(0.1)) {
    const from = random.below(20);
    headers['tillstream-rerouted'] = Buffer.from(`${random.below(3)}|${from}|${from + 6}|0 2 2`);
    return {
      ...place,
      headers,
      value: Buffer.from(
        `[${take(3)
          .map(({ text }) => text)
          .join(',')}]`,
      ),
    };
  }
  return { ...place, headers, value: value() };
}

/** One byte becomes another. */
function broken(random: SeededRandom, bytes: Buffer): Buffer {
  bytes[random.below(bytes.length)] = random.pick([0x22, 0x7b, 0x7d, 0x2c, 0x5c, 0xff, 0xc3, 0x0a, 0x30, 0x20]);
  return bytes;
}

describe('the enricher and the oracle', () => {
  const commerce = schema();

  it.each(SEEDS)('agree on every row of a raw partition (seed %i)', (seed) => {
    const records = anyPartition(seed);
    const partitions = Array.from({ length: 4 }, (_, partition) => (partition === PARTITION ? records : []));
    const expected = expectedOutcome({ ...plainCommerce, dedupe }, partitions).partitions[PARTITION];

    const enricher = new RawEnricher({ schema: commerce, partition: PARTITION, next: 0, position: emptyPosition() });
    const raw = records.map((record) =>
      decodeRawRecord({ ...record, key: null, timestampMs: record.appendMs, value: record.value }),
    );
    const { batch, deadLetters, reroutes, counts, after } = enricher.apply(raw);
    const accepted: string[] = [];
    batch.records.rowCounts.forEach((count, record) => {
      for (let i = 0; i < count; i += 1) {
        accepted.push(`${PARTITION}|${batch.records.offsets[record]}|${batch.rowIndexes[accepted.length]}`);
      }
    });

    expect(deadLetters.map(({ rawOffset, index, code }) => `${PARTITION}|${rawOffset}|${index} ${code}`)).toEqual(
      expected?.deadLetters.map(({ id, code }) => `${id} ${code}`),
    );
    expect(accepted).toEqual(expected?.accepted.map(({ id }) => id));
    expect(counts.duplicates).toBe(expected?.duplicates.length);
    const rerouted = reroutes.flatMap(({ rowOffsets, targetPartition }) =>
      rowOffsets.map((offset) => `${targetPartition}: ${offset}`),
    );
    expect(rerouted.sort()).toEqual(
      expected?.misplaced.map(({ targetPartition, offset }) => `${targetPartition}: ${offset}`).sort(),
    );
    expect(after.watermarkInputMs).toBe(expected?.watermarkInputMs);
  });
});
