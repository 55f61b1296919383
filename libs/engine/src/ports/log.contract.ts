import * as fc from 'fast-check';
import type { LogReader, LogRecord, LogWriter, NewRecord } from './log';

/** A log with what a test needs to prepare it. */
export interface LogUnderTest {
  readonly writer: LogWriter;
  readonly reader: LogReader;
  /** Creates an empty topic of its own and returns its name. `append`: the log stamps records, `create`: the writer does. */
  createTopic(options: { readonly partitions: number; readonly timestamps: 'create' | 'append' }): Promise<string>;
  /** Expires the records before `offset`. */
  expire(topic: string, partition: number, offset: number): Promise<void>;
  close(): Promise<void>;
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

function aRecord(value: string, more: Partial<NewRecord> = {}): NewRecord {
  return { key: null, value: utf8.encode(value), ...more };
}

function valuesOf(records: readonly LogRecord[]): (string | null)[] {
  return records.map(({ value }) => (value === null ? null : text.decode(value)));
}

/** Compares bytes whatever class of array they come in. */
function plain(bytes: Uint8Array | null): number[] | null {
  return bytes === null ? null : [...bytes];
}

/** Reads on until `count` records have come; gives up when the log says there is nothing more. */
async function readAll(
  reader: LogReader,
  topic: string,
  partition: number,
  from: number,
  count: number,
): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  while (all.length < count) {
    const last = all.at(-1);
    const some = await reader.read(topic, partition, last === undefined ? from : last.offset + 1, 10_000);
    if (some.length === 0) break;
    all.push(...some);
  }
  return all;
}

/** Every log passes this suite: memory in the unit run, Kafka in the integration run. */
export function describeLog(name: string, create: () => Promise<LogUnderTest>): void {
  describe(`${name} honours the Log contract`, () => {
    let log: LogUnderTest;
    let topic: string;

    beforeAll(async () => {
      log = await create();
    });
    beforeEach(async () => {
      topic = await log.createTopic({ partitions: 2, timestamps: 'create' });
    });
    afterAll(async () => {
      await log.close();
    });

    it('begins and ends at 0 while it is empty', async () => {
      expect(await log.reader.begin(topic, 0)).toBe(0);
      expect(await log.reader.end(topic, 0)).toBe(0);
    });

    it('resolves an append with the offset of its first record', async () => {
      expect(await log.writer.append(topic, 0, [aRecord('a'), aRecord('b')])).toBe(0);
      expect(await log.writer.append(topic, 0, [aRecord('c')])).toBe(2);
      expect(await log.reader.end(topic, 0)).toBe(3);
    });

    it('keeps partitions apart', async () => {
      await log.writer.append(topic, 0, [aRecord('a')]);
      expect(await log.writer.append(topic, 1, [aRecord('b')])).toBe(0);
      expect(valuesOf(await readAll(log.reader, topic, 1, 0, 1))).toEqual(['b']);
    });

    it('gives back keys, values, headers, tombstones and times as they were written', async () => {
      const written: NewRecord[] = [
        {
          key: utf8.encode('k'),
          value: utf8.encode('v'),
          headers: { h: utf8.encode('1') },
          timestampMs: 1_700_000_000_000,
        },
        { key: utf8.encode('gone'), value: null, timestampMs: 1_700_000_000_001 },
        { key: null, value: new Uint8Array(0), headers: {}, timestampMs: 1_700_000_000_002 },
      ];
      await log.writer.append(topic, 0, written);
      const read = await readAll(log.reader, topic, 0, 0, 3);
      expect(
        read.map(({ offset, timestampMs, key, value }) => ({
          offset,
          timestampMs,
          key: plain(key),
          value: plain(value),
        })),
      ).toEqual(
        written.map(({ key, value, timestampMs }, offset) => ({
          offset,
          timestampMs,
          key: plain(key),
          value: plain(value),
        })),
      );
      expect(Object.keys(read[0]?.headers ?? {})).toEqual(['h']);
      expect(plain(read[0]?.headers['h'] ?? null)).toEqual(plain(utf8.encode('1')));
      expect(read[2]?.headers).toEqual({});
    });

    it('stamps records itself where the topic says append time', async () => {
      const stamped = await log.createTopic({ partitions: 1, timestamps: 'append' });
      await log.writer.append(stamped, 0, [aRecord('a', { timestampMs: 1 })]);
      await log.writer.append(stamped, 0, [aRecord('b', { timestampMs: 2 })]);
      const [a, b] = await readAll(log.reader, stamped, 0, 0, 2);
      expect(a?.timestampMs).toBeGreaterThan(2);
      expect(b?.timestampMs).toBeGreaterThanOrEqual(a?.timestampMs ?? Infinity);
    });

    it('keeps the order of the calls, each append whole, when nobody waits for the one before', async () => {
      const calls = Array.from({ length: 50 }, (_, i) => [aRecord(`${i}.0`), aRecord(`${i}.1`), aRecord(`${i}.2`)]);
      const offsets = await Promise.all(calls.map((records) => log.writer.append(topic, 0, records)));
      expect(offsets).toEqual(calls.map((_, i) => 3 * i));
      expect(valuesOf(await readAll(log.reader, topic, 0, 0, 150))).toEqual(
        calls.flatMap((_, i) => [`${i}.0`, `${i}.1`, `${i}.2`]),
      );
    });

    it('refuses to append nothing, for which there is no offset', async () => {
      await expect(log.writer.append(topic, 0, [])).rejects.toThrow(RangeError);
    });

    it('does not change when the writer reuses its buffers', async () => {
      const value = utf8.encode('before');
      await log.writer.append(topic, 0, [{ key: value, value, headers: { h: value } }]);
      value.fill(0);
      const [record] = await readAll(log.reader, topic, 0, 0, 1);
      expect(text.decode(record?.value ?? undefined)).toBe('before');
      expect(text.decode(record?.key ?? undefined)).toBe('before');
      expect(text.decode(record?.headers['h'])).toBe('before');
    });

    it('reads from the middle of an append', async () => {
      await log.writer.append(
        topic,
        0,
        ['a', 'b', 'c', 'd'].map((value) => aRecord(value)),
      );
      const read = await readAll(log.reader, topic, 0, 2, 2);
      expect(valuesOf(read)).toEqual(['c', 'd']);
      expect(read.map(({ offset }) => offset)).toEqual([2, 3]);
    });

    it('reads the same again', async () => {
      await log.writer.append(topic, 0, [aRecord('a'), aRecord('b')]);
      const once = valuesOf(await readAll(log.reader, topic, 0, 0, 2));
      expect(valuesOf(await readAll(log.reader, topic, 0, 0, 2))).toEqual(once);
    });

    it('passes on large records one by one if need be', async () => {
      const large = 'x'.repeat(700_000);
      for (const head of ['a', 'b', 'c']) await log.writer.append(topic, 0, [aRecord(head + large)]);
      const read = await readAll(log.reader, topic, 0, 0, 3);
      expect(valuesOf(read).map((value) => [value?.[0], value?.length])).toEqual([
        ['a', 700_001],
        ['b', 700_001],
        ['c', 700_001],
      ]);
    });

    it('answers with nothing when nothing comes in time', async () => {
      await log.writer.append(topic, 0, [aRecord('a')]);
      expect(await log.reader.read(topic, 0, 1, 20)).toEqual([]);
      expect(await log.reader.read(topic, 1, 0, 0)).toEqual([]);
    });

    it('finds nothing beyond its end', async () => {
      await log.writer.append(topic, 0, [aRecord('a')]);
      expect(await log.reader.read(topic, 0, 1_000, 20)).toEqual([]);
    });

    it('wakes a waiting reader when a record comes', async () => {
      const waiting = log.reader.read(topic, 0, 0, 30_000);
      await log.writer.append(topic, 0, [aRecord('a')]);
      expect(valuesOf(await waiting)).toEqual(['a']);
    });

    it('serves several readers of one partition and of several at once', async () => {
      const waiting = [0, 1, 0].map((partition) => log.reader.read(topic, partition, 0, 30_000));
      await Promise.all([0, 1].map((partition) => log.writer.append(topic, partition, [aRecord(`p${partition}`)])));
      expect((await Promise.all(waiting)).map(valuesOf)).toEqual([['p0'], ['p1'], ['p0']]);
    });

    it('begins later once records have expired, and passes over them when asked for', async () => {
      await log.writer.append(
        topic,
        0,
        ['a', 'b', 'c'].map((value) => aRecord(value)),
      );
      await log.expire(topic, 0, 2);
      expect(await log.reader.begin(topic, 0)).toBe(2);
      expect(await log.reader.end(topic, 0)).toBe(3);
      expect(valuesOf(await log.reader.read(topic, 0, 0, 10_000))).toEqual(['c']);
    });

    it('begins at its end once everything has expired', async () => {
      await log.writer.append(topic, 0, [aRecord('a')]);
      await log.expire(topic, 0, 1);
      expect(await log.reader.begin(topic, 0)).toBe(1);
      expect(await log.reader.end(topic, 0)).toBe(1);
    });

    it('finds the first offset at or after a time', async () => {
      const timestamps = [1_700_000_000_000, 1_700_000_000_010, 1_700_000_000_020];
      for (const timestampMs of timestamps) await log.writer.append(topic, 0, [aRecord('a', { timestampMs })]);
      expect(await log.reader.offsetAtOrAfter(topic, 0, 0)).toBe(0);
      expect(await log.reader.offsetAtOrAfter(topic, 0, 1_700_000_000_010)).toBe(1);
      expect(await log.reader.offsetAtOrAfter(topic, 0, 1_700_000_000_011)).toBe(2);
      expect(await log.reader.offsetAtOrAfter(topic, 0, 1_700_000_000_021)).toBeNull();
      expect(await log.reader.offsetAtOrAfter(topic, 1, 0)).toBeNull();
    });

    it('gives back any bytes, wherever a reader starts', async () => {
      const bytes = fc.uint8Array({ maxLength: 40 });
      const records = fc.record({
        key: fc.option(bytes),
        value: fc.option(bytes),
        headers: fc.dictionary(fc.stringMatching(/^[a-z-]{1,8}$/), bytes, { maxKeys: 3, noNullPrototype: true }),
      });
      const appends = fc.array(fc.array(records, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(appends, fc.nat(24), async (calls, start) => {
          const fresh = await log.createTopic({ partitions: 1, timestamps: 'create' });
          await Promise.all(calls.map((call) => log.writer.append(fresh, 0, call)));
          const written = calls.flat();
          const from = start % written.length;
          const read = await readAll(log.reader, fresh, 0, from, written.length - from);
          const content = ({ key, value, headers }: NewRecord) => ({
            key: plain(key),
            value: plain(value),
            headers: Object.entries(headers ?? {}).map(([header, bytes]) => [header, plain(bytes)]),
          });
          expect(read.map(content)).toEqual(written.slice(from).map(content));
          expect(read.map(({ offset }) => offset)).toEqual(read.map((_, i) => from + i));
        }),
        { numRuns: 15 },
      );
    }, 60_000);
  });
}
