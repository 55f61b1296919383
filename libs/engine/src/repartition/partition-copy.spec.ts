import fc from 'fast-check';
import type { RawRecord } from '@tillstream/core';
import { MAX_RECORD_BYTES, RawEnricher, RecordSplitter, emptyPosition, partitionOf, rowToJson } from '@tillstream/core';
import { HEADER, decodeRawRecord, encodeControl, encodeReroute } from '@tillstream/contracts';
import { definitionFrom } from '@tillstream/contracts/testing';
import type { ControlDecision, StreamDefinition } from '@tillstream/contracts';
import type { LogReader, LogRecord, LogWriter, NewRecord } from '../ports/log';
import { copyPartition, finishPartition } from './copy-partition';

const PARTITIONS = 2;
const TIMES_AS_MANY = 3;
const OUT_OF_ORDERNESS_MS = 20;
const TOLERANCE_MS = 40;
const LONG_ROW_BYTES = 200 * 1024;
const BASE_MS = 1_700_000_000_000;
const STEP_MS = 10;
const USERS = Array.from({ length: 14 }, (_, i) => `user-${i}`);

const fileOf = (partitions: number, generation: number): string => `
stream: shop
generation: ${generation}
partitions: ${partitions}
key: [user]
id: { field: id, dedupe: { within: 100ms } }
eventTime: { field: at, outOfOrderness: ${OUT_OF_ORDERNESS_MS}ms, futureTolerance: ${TOLERANCE_MS}ms }
fields:
  at: { type: timestamp }
  id: { type: string, optional: true }
  user: { type: string, optional: true }
`;
const from = definitionFrom(fileOf(PARTITIONS, 1));
const to = definitionFrom(fileOf(PARTITIONS * TIMES_AS_MANY, 2));

/** A log in memory that keeps the times it is given; it can fail in the middle of things. */
class TestLog implements LogReader, LogWriter {
  readonly lists = new Map<string, LogRecord[]>();
  /** Appends until one fails. */
  good = Infinity;
  /** Whether what fails is there all the same, and so is there twice when it is tried again. */
  isThereAllTheSame = false;

  of(topic: string, partition: number): LogRecord[] {
    const name = `${topic}/${partition}`;
    const list = this.lists.get(name) ?? [];
    this.lists.set(name, list);
    return list;
  }

  append(topic: string, partition: number, records: readonly NewRecord[]): Promise<number> {
    const list = this.of(topic, partition);
    const first = list.length;
    const fails = this.good-- <= 0;
    if (!fails || this.isThereAllTheSame) {
      for (const { key, value, headers = {}, timestampMs = BASE_MS + 1e6 } of records) {
        list.push({ offset: list.length, key, value, headers, timestampMs });
      }
    }
    return fails ? Promise.reject(new Error('the broker does not answer')) : Promise.resolve(first);
  }

  begin = (): Promise<number> => Promise.resolve(0);
  end = (topic: string, partition: number): Promise<number> => Promise.resolve(this.of(topic, partition).length);
  offsetAtOrAfter = (): Promise<null> => Promise.resolve(null);
  read(topic: string, partition: number, offset: number): Promise<readonly LogRecord[]> {
    return Promise.resolve(this.of(topic, partition).slice(offset, offset + 3));
  }
}

interface Row {
  readonly user: string;
  readonly id: number | null;
  readonly behindMs: number;
  readonly isBroken: boolean;
}
interface Sketch {
  readonly kind: 'rows' | 'not JSON' | 'again' | ControlDecision['kind'];
  readonly isWrongPlace: boolean;
  readonly hasBatchId: boolean;
  readonly rows: readonly Row[];
}

const NO_ROWS = { isWrongPlace: false, hasBatchId: false, rows: [] };

const partitionOfUser = (user: string, partitions: number): number =>
  partitionOf(Buffer.from(user), 0, user.length, partitions);

const aRow: fc.Arbitrary<Row> = fc.record({
  user: fc.constantFrom(...USERS),
  id: fc.oneof(fc.constant(null), fc.nat(4)),
  behindMs: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: -5, max: 25 }) }, fc.integer({ min: -80, max: 120 })),
  isBroken: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
});
const aSketch: fc.Arbitrary<Sketch> = fc.record({
  kind: fc.oneof(
    { weight: 9, arbitrary: fc.constant('rows' as const) },
    fc.constantFrom(
      'not JSON' as const,
      'again' as const,
      'advance' as const,
      'hold' as const,
      'release' as const,
      'catalog' as const,
    ),
  ),
  isWrongPlace: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  hasBatchId: fc.boolean(),
  rows: fc.array(aRow, { minLength: 1, maxLength: 5 }),
});

/** The old generation as it stands in the log when its enrichers have brought every row to its partition. */
function oldLog(sketches: readonly (readonly Sketch[])[]): TestLog {
  const log = new TestLog();
  sketches.forEach((list, partition) =>
    list.forEach((sketch, i) => {
      const records = log.of(from.topics.raw, partition);
      const record = recordOf(sketch, i, partition, records);
      records.push({ ...record, offset: records.length });
    }),
  );
  const reroutes = sketches.flatMap((_, source) => {
    const raw = log.of(from.topics.raw, source).map(decodeRawRecord);
    // Two who worked on it have cut their batches at other places: what one brings, the other has brought in part.
    return [raw.length, 2].flatMap((cut) =>
      judge(raw, from, source, cut).reroutes.map((reroute) => ({ source, reroute })),
    );
  });
  for (const { source, reroute } of reroutes) {
    const list = log.of(from.topics.raw, reroute.targetPartition);
    const { key, value, headers = {} } = encodeReroute(reroute, source);
    list.push({ offset: list.length, key, value, headers, timestampMs: BASE_MS + STEP_MS * list.length });
  }
  return log;
}

function recordOf(
  sketch: Sketch,
  i: number,
  partition: number,
  before: readonly LogRecord[],
): Omit<LogRecord, 'offset'> {
  const timestampMs = BASE_MS + STEP_MS * i;
  const { kind, isWrongPlace, hasBatchId } = sketch;
  if (kind === 'again') {
    const earlier = before.at(-2);
    if (earlier) return { ...earlier, timestampMs };
  }
  const decision = decisionOf(kind, timestampMs);
  if (decision) return { headers: {}, ...encodeControl(decision), timestampMs };
  const rows = sketch.rows.filter(({ user }) => isWrongPlace || partitionOfUser(user, PARTITIONS) === partition);
  const texts = rows.map(({ user, id, behindMs, isBroken }) => {
    const at = new Date(timestampMs - behindMs).toISOString();
    return JSON.stringify({ user, at: isBroken ? 'today' : at, ...(id === null ? {} : { id: `${user}:${id}` }) });
  });
  const value = Buffer.from(
    kind === 'not JSON' ? '{"user"' : rows.length === 1 ? texts.join('') : `[${texts.join(', ')}]`,
  );
  const headers: Record<string, Uint8Array> = hasBatchId
    ? { [HEADER.batchId]: Buffer.from(`batch ${partition} ${i}`.padEnd(16)) }
    : {};
  return { key: null, value, headers, timestampMs };
}

function decisionOf(kind: Sketch['kind'], nowMs: number): ControlDecision | null {
  if (kind === 'advance') return { kind, toMs: nowMs - 5 };
  if (kind === 'catalog') return { kind, offset: nowMs };
  return kind === 'hold' || kind === 'release' ? { kind } : null;
}

/** What an enricher says of a partition; of each accepted row also how late it is for a window that ends with it. */
function judge(raw: readonly RawRecord[], { schema }: StreamDefinition, partition: number, cut = Infinity) {
  const enricher = new RawEnricher({ schema, partition, next: 0, position: emptyPosition() });
  const accepted: string[] = [];
  const deadLetters: string[] = [];
  const reroutes = [];
  for (let at = 0; at < raw.length;) {
    let inputMs = enricher.position.watermarkInputMs;
    const { batch, consumed, ...result } = enricher.apply(raw.slice(at, at + cut));
    at += consumed;
    reroutes.push(...result.reroutes);
    deadLetters.push(...result.deadLetters.map(({ code, bytes }) => `${code} ${Buffer.from(bytes).toString()}`));
    let row = 0;
    for (let record = 0; record < batch.records.count; record++) {
      for (let i = 0; i < (batch.records.rowCounts[record] as number); i++, row++) {
        const json = rowToJson(schema, batch, row);
        const { at: time } = JSON.parse(json) as { at: string };
        const lateness = inputMs - OUT_OF_ORDERNESS_MS - Date.parse(time);
        accepted.push(`${json} ${lateness > 0 ? `late by ${lateness}` : 'in time'}`);
      }
      inputMs = batch.records.inputAfterMs[record] as number;
    }
  }
  return { accepted, deadLetters, reroutes, position: enricher.position };
}

/** Rows of one user that take so many bytes with what separates them. */
function rowsOfBytes(bytes: number, user: string): string[] {
  const rows: string[] = [];
  const text = JSON.stringify({ user, at: new Date(BASE_MS).toISOString() });
  const row = (length: number): string => text.replace('{', '{'.padEnd(length - text.length + 1));
  for (let left = bytes; left > 0; left -= LONG_ROW_BYTES + 1) rows.push(row(Math.min(LONG_ROW_BYTES, left - 1)));
  return rows;
}

const judgeAll = (log: TestLog, definition: StreamDefinition) =>
  Array.from({ length: definition.schema.partitions }, (_, partition) =>
    judge(log.of(definition.topics.raw, partition).map(decodeRawRecord), definition, partition),
  );

async function copyAll(log: TestLog): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const end = await log.end(from.topics.raw, partition);
    const copy = await copyPartition({ reader: log, writer: log }, from, to, partition, end);
    await finishPartition({ reader: log, writer: log }, to, copy);
  }
}

describe('another generation with more partitions', () => {
  const logs = fc.tuple(...Array.from({ length: PARTITIONS }, () => fc.array(aSketch, { maxLength: 20 })));

  it('accepts the same events, as late as they were, refuses the same ones, and puts each where it belongs', async () => {
    await fc.assert(
      fc.asyncProperty(
        logs,
        fc.array(fc.nat(12), { maxLength: 4 }),
        fc.boolean(),
        async (sketches, crashes, isThere) => {
          const log = oldLog(sketches);
          const was = judgeAll(log, from);
          log.isThereAllTheSame = isThere;
          for (const good of [...crashes, Infinity]) {
            log.good = good;
            await copyAll(log).catch(() => undefined);
          }
          const is = judgeAll(log, to);
          const all = (
            told: readonly { accepted: string[]; deadLetters: string[] }[],
            what: 'accepted' | 'deadLetters',
          ) => told.flatMap((one) => one[what]).sort();
          expect(all(is, 'accepted')).toEqual(all(was, 'accepted'));
          if (!isThere) expect(all(is, 'deadLetters')).toEqual(all(was, 'deadLetters'));
          is.forEach(({ accepted, reroutes, position }, partition) => {
            const source = was[partition % PARTITIONS]?.position;
            expect(reroutes).toEqual([]);
            expect(position).toMatchObject({
              held: false,
              definition: to.sha256,
              watermarkInputMs: source?.watermarkInputMs,
            });
            for (const line of accepted) {
              const { user } = JSON.parse(line.slice(0, line.lastIndexOf('}') + 1)) as { user: string };
              expect(partitionOfUser(user, to.schema.partitions)).toBe(partition);
            }
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('says once more only what it has not said', async () => {
    const row = { user: 'user-1', id: null, behindMs: 0, isBroken: false };
    const sketch: Sketch = { kind: 'rows', isWrongPlace: true, hasBatchId: false, rows: [row] };
    const log = oldLog([[sketch, sketch], [sketch]]);
    await copyAll(log);
    const counts = [...log.lists].map(([name, list]) => `${name} ${list.length}`);
    await copyAll(log);
    expect([...log.lists].map(([name, list]) => `${name} ${list.length}`)).toEqual(counts);
  });

  it('keeps the batch-id of a sender, so that what is sent once more behind the change is known', async () => {
    const row = { user: 'user-1', id: null, behindMs: 0, isBroken: false };
    const log = oldLog([[{ kind: 'rows', isWrongPlace: true, hasBatchId: true, rows: [row] }], []]);
    const [sent] = log.of(from.topics.raw, 0);
    await copyAll(log);
    const target = partitionOfUser('user-1', to.schema.partitions);
    const copied = log.of(to.topics.raw, target).find(({ headers }) => headers[HEADER.batchId]);
    expect(copied?.headers[HEADER.batchId]).toEqual(sent?.headers[HEADER.batchId]);
    expect(copied?.value).toEqual(sent?.value);
  });

  it('has all rows of a record that is split in two, since it is longer than one may be', async () => {
    const [user = ''] = USERS.filter((name) => partitionOfUser(name, PARTITIONS) === 0);
    const rows = rowsOfBytes(MAX_RECORD_BYTES + 1, user);
    const reroute = { targetPartition: 0, sourceFrom: 0, sourceNext: 1, rowOffsets: rows.map(() => 0) };
    const { key, value, headers = {} } = encodeReroute({ ...reroute, value: Buffer.from(`[${rows.join()}]`) }, 1);
    const log = new TestLog();
    log.of(from.topics.raw, 0).push({ offset: 0, key, value, headers, timestampMs: BASE_MS });
    await copyAll(log);
    const { accepted } = judgeAll(log, to)[partitionOfUser(user, to.schema.partitions)]!;
    expect(accepted).toHaveLength(rows.length);
    expect(judgeAll(log, from)[0]?.accepted).toHaveLength(rows.length);
  });

  it('is told at once what was decided about time and catalogs, and nothing of what was held', async () => {
    const decided = (['advance', 'catalog', 'hold', 'release'] as const).map((kind) => ({ ...NO_ROWS, kind }));
    const log = oldLog([decided, []]);
    const { targets } = await copyPartition({ reader: log, writer: log }, from, to, 0, decided.length);
    for (const target of targets) {
      const copied = log.of(to.topics.raw, target).map((record) => decodeRawRecord(record).control?.kind);
      expect(copied).toEqual(['definition', 'hold', 'advance', 'catalog']);
    }
  });

  it('must have so many partitions that each takes its events from one', () => {
    expect(() => new RecordSplitter(from.schema, 0, 3)).toThrow(
      '3 is no multiple of 2: rows of several partitions would meet',
    );
  });
});
