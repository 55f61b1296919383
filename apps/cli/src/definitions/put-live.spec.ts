import { decodeRawRecord, encodeControl, encodeFrontier, type Frontier, topicSpecs } from '@tillstream/contracts';
import { definitionFrom, smallDefinition, smallStreamFile } from '@tillstream/contracts/testing';
import type { LogReader, LogWriter } from '@tillstream/engine';
import { ImmediateTurn, MemoryBroker, MemoryLogReader } from '@tillstream/engine/testing';
import { awaitTakenUp, completeFromMs } from './await-taken-up';
import { putLive, type WrittenChanges } from './put-live';

const NOW_MS = Date.UTC(2026, 0, 5, 12);
const live = smallDefinition(2);
const file = definitionFrom(smallStreamFile(2).replace('hop: 5s', 'hop: 10s'));
const { raw, parts } = file.topics;

let broker: MemoryBroker;
let reader: MemoryLogReader;
let writer: LogWriter;

beforeEach(() => {
  broker = new MemoryBroker(() => NOW_MS);
  for (const { name, partitions } of topicSpecs(file, 1)) broker.createTopic(name, partitions, true);
  reader = new MemoryLogReader(broker, new ImmediateTurn(() => NOW_MS), () => NOW_MS);
  writer = { append: (topic, partition, records) => Promise.resolve(broker.append(topic, partition, records)) };
});

describe('putting a stream file live', () => {
  const nothing = { live, unfinished: [] };

  it('keeps the file before any partition says that it is in force', async () => {
    const order: string[] = [];
    const noting: LogWriter = {
      append: (topic, partition, records) => {
        order.push(topic);
        return writer.append(topic, partition, records);
      },
    };
    await putLive({ reader, writer: noting }, file, nothing);
    expect(order).toEqual([file.topics.definitions, raw, raw]);
  });

  it('says so in each partition, and where', async () => {
    broker.append(raw, 1, [encodeControl({ kind: 'definition', sha256: live.sha256 })]);
    expect([...(await putLive({ reader, writer }, file, nothing))]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    const [record] = await reader.read(raw, 1, 1, 0);
    expect(record && decodeRawRecord(record).control).toMatchObject({ kind: 'definition', sha256: file.sha256 });
  });

  it('writes only where it was not in force yet', async () => {
    broker.append(raw, 0, [encodeControl({ kind: 'definition', sha256: file.sha256 })]);
    const written = await putLive({ reader, writer }, file, { live: file, unfinished: [1] });
    expect([...written.keys()]).toEqual([1]);
    expect(await reader.end(file.topics.definitions, 0)).toBe(0);
  });

  it('notices another one that was put live at the same time', async () => {
    const interfering: LogWriter = {
      append: (topic, partition, records) => {
        const offset = broker.append(topic, partition, records);
        if (topic === raw && partition === 1) {
          broker.append(raw, 1, [encodeControl({ kind: 'definition', sha256: live.sha256 })]);
        }
        return Promise.resolve(offset);
      },
    };
    await expect(putLive({ reader, writer: interfering }, file, nothing)).rejects.toThrow(
      `another stream file was put live at the same time: it is in force in ${raw}/1`,
    );
  });
});

describe('waiting for the services', () => {
  const [sales] = file.metrics;
  const frontier = (source: number, more: Partial<Frontier>): ReturnType<typeof encodeFrontier> =>
    encodeFrontier(source, {
      ...{ watermarkInputMs: NOW_MS, maxEventTimeMs: NOW_MS, maxAppendMs: NOW_MS, caughtUp: true, held: false },
      ...{ rawNext: 8, definition: file.sha256 },
      ...more,
    });

  async function waitedFor(written: WrittenChanges, from: number): Promise<readonly Frontier[] | readonly number[]> {
    let waiting: readonly number[] = [];
    let rounds = 3;
    // Nobody writes while it reads: waiting for more would be waiting for ever.
    const impatient: LogReader = Object.assign(Object.create(reader) as LogReader, {
      read: async (topic: string, partition: number, next: number, maxWaitMs: number) =>
        next < (await reader.end(topic, partition)) ? reader.read(topic, partition, next, maxWaitMs) : [],
    });
    return awaitTakenUp({
      ...{ reader: impatient, file, from, written },
      onProgress: (partitions) => {
        waiting = partitions;
        if (waiting.length > 0 && rounds-- === 0) throw new Error('given up');
      },
    }).catch(() => waiting);
  }

  it('is over when each partition works under the file behind the record that puts it in force', async () => {
    broker.append(parts, 0, [
      frontier(0, { rawNext: 8 }),
      frontier(1, { rawNext: 7 }),
      frontier(1, { definition: live.sha256, rawNext: 9 }),
    ]);
    const written = new Map([
      [0, 7],
      [1, 7],
    ]);
    expect(await waitedFor(written, 0)).toEqual([1]);
    broker.append(parts, 0, [frontier(1, { rawNext: 8 })]);
    expect(await waitedFor(written, 0)).toHaveLength(2);
  });

  it('takes a partition at its word that was under the file before, though nothing comes any more', async () => {
    broker.append(parts, 0, [frontier(1, { rawNext: 3 })]);
    const from = await reader.end(parts, 0);
    broker.append(parts, 0, [frontier(0, {})]);
    expect(await waitedFor(new Map([[0, 5]]), from)).toHaveLength(2);
  });

  it('tells from when on a metric is complete: where the last partition has it whole', () => {
    if (!sales) throw new Error('no metric');
    const spans = (fromMs: number): Partial<Frontier> => ({
      spans: new Map([[sales.identity, { fromMs, untilMs: Infinity }]]),
    });
    const said = [spans(5_000), spans(7_000), {}] as Frontier[];
    expect(completeFromMs(sales, said)).toBe(7_000);
    expect(completeFromMs(sales, [{}] as Frontier[])).toBe(-Infinity);
  });
});
