import fc from 'fast-check';

import { decodeEventBatch } from '../batch/decode-event-batch';
import { encodeEventBatch } from '../batch/encode-event-batch';
import { emptyPosition } from '../batch/position';
import { rowToJson } from '../batch/row-to-json';
import { aCommerceSchema } from '../stream/schema.fixture';

import { coversHorizon } from './known-ids';
import { MAX_BATCH_BYTES, MAX_BATCH_ROWS, RawEnricher } from './raw-enricher';
import { PARTITION, aLog, oracle, recordsOf, rowsOf, schema, type Told } from './raw-enricher.fixture';
import type { EnrichResult, RawRecord } from './types';

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const anEnricher = () => new RawEnricher({ schema, partition: PARTITION, next: 0, position: emptyPosition() });

/** What was said in one or several batches, as one. */
function told(results: readonly EnrichResult[]): Told {
  return {
    accepted: results.flatMap(({ batch }) => rowsOf(batch)),
    deadLetters: results.flatMap(({ deadLetters }) => deadLetters.map((d) => `${d.rawOffset}/${d.index} ${d.code}`)),
    rerouted: results
      .flatMap(({ reroutes }) =>
        reroutes.flatMap(({ targetPartition, rowOffsets, value }) =>
          (JSON.parse(text(value)) as unknown[]).map((row, i) => ({
            offset: rowOffsets[i] as number,
            said: `${rowOffsets[i]} → ${targetPartition} ${JSON.stringify(row)}`,
          })),
        ),
      )
      .sort((a, b) => a.offset - b.offset)
      .map(({ said }) => said),
    inputs: results.flatMap(({ batch }) => [...batch.records.inputAfterMs]),
    ids: results.reduce((sum, { batch }) => sum + batch.ids.length / 16, 0),
    duplicates: results.reduce((sum, { counts }) => sum + counts.duplicates, 0),
    position: results.at(-1)?.after ?? emptyPosition(),
  };
}

/** The order among rows of one record that go to different targets is not promised. */
function sortRerouted(result: Told): Told {
  return { ...result, rerouted: [...result.rerouted].sort() };
}

/** Applies the records in pieces that end before the given indexes. */
function applyInPieces(enricher: RawEnricher, records: readonly RawRecord[], cuts: readonly number[]): EnrichResult[] {
  const ends = [...new Set([...cuts.map((cut) => cut % records.length), records.length])].sort((a, b) => a - b);
  let from = 0;
  return ends.flatMap((end) => {
    if (end <= from) return [];
    const piece = records.slice(from, end);
    from = end;
    return enricher.apply(piece);
  });
}

const cuts = fc.array(fc.nat(30), { maxLength: 10 });

describe('RawEnricher', () => {
  it('decides as the rules say, wherever batches are cut', () => {
    fc.assert(
      fc.property(aLog, cuts, (log, where) => {
        const records = recordsOf(log);
        const results = applyInPieces(anEnricher(), records, where);
        expect(sortRerouted(told(results))).toEqual(sortRerouted(oracle(log, records, emptyPosition())));
      }),
      { numRuns: 600 },
    );
  });

  it('goes on after a restart as if nothing had happened, wherever it was', () => {
    fc.assert(
      fc.property(aLog, cuts, cuts, fc.nat(30), (log, cutsBefore, cutsAfter, restart) => {
        const records = recordsOf(log);
        const at = restart % records.length;
        const before = applyInPieces(anEnricher(), records.slice(0, at), at === 0 ? [] : cutsBefore);
        const position = before.at(-1)?.after ?? emptyPosition();
        const next = before.at(-1)?.batch.rawNext ?? 0;
        const restarted = new RawEnricher({ schema, partition: PARTITION, next, position });
        const batches = before.map(({ batch }) => decodeEventBatch(encodeEventBatch(batch)));
        const first = batches.findLastIndex((batch) => coversHorizon(schema.dedupe, batch, position));
        batches.slice(Math.max(first, 0)).forEach((batch) => restarted.remember(batch));
        const after = applyInPieces(restarted, records.slice(at), cutsAfter);
        expect(sortRerouted(told([...before, ...after]))).toEqual(sortRerouted(oracle(log, records, emptyPosition())));
      }),
      { numRuns: 1000 },
    );
  });

  it('remembers overlapping and repeated batches once, and refuses a hole', () => {
    const records = recordsOf([
      { gap: 0, appendMs: 1_700_000_000_000, body: 'array', rows: [], batchId: 1, rerouted: null },
      { gap: 0, appendMs: 1_700_000_000_000, body: 'array', rows: [], batchId: 2, rerouted: null },
      { gap: 0, appendMs: 1_700_000_000_000, body: 'array', rows: [], batchId: 3, rerouted: null },
    ]);
    const batchOf = (from: number, to: number) => anEnricher().apply(records.slice(from, to)).batch;
    const whole = batchOf(0, 3);
    const enricher = new RawEnricher({ schema, partition: PARTITION, next: 3, position: whole.after });
    enricher.remember(batchOf(0, 1));
    enricher.remember(batchOf(0, 2));
    enricher.remember(batchOf(0, 1));
    expect(() => enricher.remember({ ...whole, rawFrom: 3, rawNext: 4 })).toThrow(/\[2, 3\) are missing/);
    enricher.remember(whole);
  });

  it('chains its ranges over gaps in the offsets', () => {
    const enricher = new RawEnricher({ schema, partition: PARTITION, next: 5, position: emptyPosition() });
    const empty = { appendMs: 7, value: utf8('[]'), batchId: null, control: null, rerouted: null };
    const first = enricher.apply([
      { ...empty, offset: 3 },
      { ...empty, offset: 8 },
    ]);
    expect(first.batch).toMatchObject({ rawFrom: 5, rawNext: 9, records: { offsets: Float64Array.of(8) } });
    expect([first.consumed, enricher.next, enricher.position]).toEqual([2, 9, first.after]);
    expect(enricher.apply([{ ...empty, offset: 20 }]).batch).toMatchObject({ rawFrom: 9, rawNext: 21 });
    expect(enricher.apply([{ ...empty, offset: 20 }]).batch).toMatchObject({ rawFrom: 21, rawNext: 21, rows: 0 });
  });

  it('ends a batch with the record that puts another definition in force, and takes no more', () => {
    const payload = utf8('{}');
    const empty = { appendMs: 7, value: utf8('[]'), batchId: null, control: null, rerouted: null };
    const control = (sha256: string) => ({
      ...empty,
      value: null,
      control: { kind: 'definition', sha256, payload } as const,
    });
    const records = [
      { ...control('first'), offset: 0 },
      { ...empty, offset: 1 },
      { ...control('second'), offset: 2 },
      { ...empty, offset: 3 },
    ];
    const enricher = new RawEnricher({
      schema,
      partition: PARTITION,
      next: 0,
      position: emptyPosition(),
      definition: 'first',
    });
    expect(enricher.apply(records)).toMatchObject({
      consumed: 3,
      batch: { rawNext: 3 },
      after: { definition: 'second' },
    });
    expect(enricher.isSuperseded).toBe(true);
    expect(() => enricher.apply(records)).toThrow(/another definition is in force/);
  });

  describe('limits', () => {
    const row = '{"user":"u","t":0}';
    const record = (offset: number, value: Uint8Array): RawRecord => ({
      offset,
      appendMs: 1,
      value,
      batchId: null,
      control: null,
      rerouted: null,
    });
    const rows = (count: number) => utf8(`[${Array<string>(count).fill(row).join(',')}]`);
    const own = () =>
      new RawEnricher({ schema: { ...schema, partitions: 1 }, partition: 0, next: 0, position: emptyPosition() });

    it('ends a batch with the record that fills it', () => {
      const enricher = own();
      const records = [record(0, rows(8000)), record(1, rows(8000)), record(2, rows(1))];
      const { batch, consumed } = enricher.apply(records);
      expect([consumed, batch.rows, enricher.next]).toEqual([2, 16_000, 2]);
      expect(batch.rows).toBeGreaterThan(MAX_BATCH_ROWS);
      expect(enricher.apply(records.slice(consumed))).toMatchObject({ consumed: 1, batch: { rows: 1 } });
    });

    it('ends a batch before the record that would make it too large, but takes one', () => {
      const large = record(0, utf8(`[${' '.repeat(MAX_BATCH_BYTES - 2)}]`));
      const { consumed, deadLetters } = own().apply([large, record(1, rows(1))]);
      expect([consumed, deadLetters]).toEqual([1, []]);
      const small = own().apply([record(1, rows(1)), { ...large, offset: 2 }]);
      expect(small.consumed).toBe(1);
    });

    it('refuses a record that is too large or holds too many rows as a whole, and counts nothing of it', () => {
      const tooLarge = own().apply([record(0, utf8(`[${' '.repeat(MAX_BATCH_BYTES - 1)}]`))]);
      expect(tooLarge.deadLetters).toMatchObject([{ index: -1, code: 'record-too-large' }]);
      const tooMany = own().apply([record(0, rows(8193)), record(1, rows(2))]);
      expect(tooMany.deadLetters).toMatchObject([{ rawOffset: 0, index: -1, code: 'too-many-rows' }]);
      expect(tooMany.batch).toMatchObject({ rows: 2, validCounts: Uint32Array.of(0, 2) });
      expect(tooMany.counts).toMatchObject({ rowsIn: 3, accepted: 2, rejected: { 'too-many-rows': 1 } });
    });
  });

  it('keeps what it refuses with its bytes, reason, time and place', () => {
    const value = utf8('{"user":"a","t":0}\n{"user":"a","t":0,"n":[]}\n{"user":"a",}\n');
    const { deadLetters, counts } = anEnricher().apply([
      { offset: 4, appendMs: 1, value, batchId: null, control: null, rerouted: null },
      { offset: 5, appendMs: 2, value: utf8('\0\0\0\0\x01'), batchId: null, control: null, rerouted: null },
    ]);
    expect(deadLetters.map(({ bytes, ...letter }) => ({ ...letter, bytes: text(bytes) }))).toEqual([
      {
        rawOffset: 4,
        index: 1,
        appendMs: 1,
        code: 'wrong-type',
        path: 'n',
        message: 'expected a whole number',
        bytes: '{"user":"a","t":0,"n":[]}',
      },
      {
        rawOffset: 4,
        index: 2,
        appendMs: 1,
        code: 'malformed-json',
        path: '$',
        message: 'this is not JSON from byte 12 on',
        bytes: '{"user":"a",}',
      },
      {
        rawOffset: 5,
        index: -1,
        appendMs: 2,
        code: 'unsupported-encoding',
        path: '$',
        message: 'the record is framed for a schema registry, which this stream does not read',
        bytes: '\0\0\0\0\x01',
      },
    ]);
    expect(counts.rejected).toEqual({ 'wrong-type': 1, 'malformed-json': 1, 'unsupported-encoding': 1 });
  });

  it('gives a target several records that follow each other when one cannot hold its rows', () => {
    const other = new RawEnricher({
      schema: { ...schema, partitions: 1000 },
      partition: 0,
      next: 10,
      position: emptyPosition(),
    });
    const many = [...Array(40).keys()].map((n) => ({
      offset: 10 + n,
      appendMs: 1,
      value: utf8(
        `[${Array<string>(n === 0 ? 1 : 1000)
          .fill('{"user":"a","t":0}')
          .join(',')}]`,
      ),
      batchId: null,
      control: null,
      rerouted: null,
    }));
    const { reroutes } = other.apply(many);
    expect(reroutes.length).toBeGreaterThan(1);
    expect(reroutes[0]?.sourceFrom).toBe(10);
    expect(reroutes.at(-1)?.sourceNext).toBe(other.next);
    reroutes.slice(1).forEach((reroute, i) => expect(reroute.sourceFrom).toBe(reroutes[i]?.sourceNext));
    reroutes.forEach(({ sourceFrom, sourceNext, rowOffsets, value }) => {
      expect(rowOffsets.every((offset) => offset >= sourceFrom && offset < sourceNext)).toBe(true);
      expect(JSON.parse(text(value))).toHaveLength(rowOffsets.length);
      expect(rowOffsets.length).toBeLessThanOrEqual(8192);
    });
  });

  it('keeps apart what the rows of one batch have escaped, and of which buffer they are', () => {
    const enricher = new RawEnricher({
      schema: { ...schema, partitions: 1, id: null },
      partition: 0,
      next: 0,
      position: emptyPosition(),
    });
    const names = Array.from({ length: 300 }, (_, n) => `user ${n} "é"`);
    const json = (user: string) => JSON.stringify({ user, t: 0 }).replace(/é/g, '\\u00e9');
    const record = (offset: number, value: string): RawRecord => ({
      offset,
      appendMs: 1,
      value: utf8(value),
      batchId: null,
      control: null,
      rerouted: null,
    });
    const records = names.slice(100).map((name, i) => record(i + 1, json(name)));
    const { batch } = enricher.apply([record(0, `[${names.slice(0, 100).map(json).join(',')}]`), ...records]);
    expect(names.map((_, row) => (JSON.parse(rowToJson(schema, batch, row)) as { user: string }).user)).toEqual(names);
  });

  it('tells how far the newest event time is ahead of its append time, of rows refused for it too', () => {
    const unkeyed = { ...schema, partitions: 1, id: null };
    const enricher = new RawEnricher({ schema: unkeyed, partition: 0, next: 0, position: emptyPosition() });
    const aheadOf = (offset: number, seconds: readonly number[]): number => {
      const value = utf8(JSON.stringify(seconds.map((t) => ({ user: 'u', t }))));
      return enricher.apply([{ offset, appendMs: 999_990, value, batchId: null, control: null, rerouted: null }])
        .aheadMs;
    };
    const ahead = [aheadOf(0, [900, 1_000]), aheadOf(1, [1_600, 900]), aheadOf(2, [900]), aheadOf(3, [])];
    expect(ahead).toEqual([10, 600_010, -99_990, -Infinity]);
  });

  it('reads a shop event into columns with exact money and defaults', () => {
    const commerce = aCommerceSchema({ partitions: 1 });
    const enricher = new RawEnricher({ schema: commerce, partition: 0, next: 0, position: emptyPosition() });
    const event = {
      event_id: 'e1',
      event_type: 'purchase',
      timestamp: '2019-10-01T00:00:01+02:00',
      user_id: 541312140,
      product_id: 1005115,
      product_name: 'Déjà vu',
      category: 'electronics.smartphone',
      price: 899.99,
      quantity: 3,
      revenue: 2699.9700000000003,
      session_id: null,
      device_type: 'mobile',
      country: 'DE',
    };
    const { batch, counts } = enricher.apply([
      { offset: 0, appendMs: 1e13, value: utf8(JSON.stringify(event)), batchId: null, control: null, rerouted: null },
    ]);
    const { session_id: _none, ...rest } = event;
    expect(counts.rounded).toBe(1);
    expect(JSON.parse(rowToJson(commerce, batch, 0))).toEqual({
      ...rest,
      timestamp: '2019-09-30T22:00:01.000Z',
      user_id: '541312140',
      product_id: '1005115',
      revenue: 2699.97,
    });
  });
});
