import { decodeRawRecord, parseStreamFile, type StreamDefinition } from '@tillstream/contracts';
import { emptyPosition, encodeEventBatch, RawEnricher } from '@tillstream/core';
import { MemoryBroker, MemoryLogReader } from '@tillstream/engine/testing';
import { fakeClock } from '../testing/fake-clock';
import { recordingContext } from '../testing/recording-context';
import { tailCounts, tailEvents } from './run-tail';
import { StreamTail } from './stream-tail';

const NOW_MS = Date.parse('2026-03-01T09:00:00Z');
const FILE = `
stream: edits
partitions: 1
key: [user]
id: { field: id }
eventTime: { field: meta.dt, outOfOrderness: 10s }
fields:
  id: { type: string }
  user: { type: string }
  meta.dt: { type: timestamp }
`;

function edits(): StreamDefinition {
  const parsed = parseStreamFile(FILE, { file: 'edits.yaml' });
  if (!parsed.ok) throw new Error('the stream file of this spec is broken');
  return parsed.definition;
}

const PARTITION = 0;
const event = (id: number) => `{"id":"e${id}","user":"ann","meta":{"dt":"2026-03-01T08:59:0${id % 10}Z"}}`;

function setUp() {
  const definition = edits();
  const { raw, enriched, deadLetters } = definition.topics;
  const broker = new MemoryBroker(() => NOW_MS);
  for (const topic of [raw, enriched, deadLetters]) broker.createTopic(topic, 1, topic === raw);
  const reader = new MemoryLogReader(broker, { wait: () => Promise.resolve('ready' as const) }, () => NOW_MS);
  const add = (text: string) => broker.append(raw, PARTITION, [{ key: null, value: new TextEncoder().encode(text) }]);
  /** What the enricher writes of raw from `from` on. */
  const enrich = (from: number): void => {
    const { schema } = definition;
    const enricher = new RawEnricher({ schema, partition: PARTITION, next: 0, position: emptyPosition() });
    const records = broker.all(raw, PARTITION).map(decodeRawRecord);
    if (from > 0) enricher.apply(records.slice(0, from));
    const result = enricher.apply(records.slice(from));
    broker.append(enriched, PARTITION, [{ key: null, value: encodeEventBatch(result.batch) }]);
    for (const { bytes } of result.deadLetters) broker.append(deadLetters, PARTITION, [{ key: null, value: bytes }]);
  };
  return { definition, broker, reader, add, enrich };
}

describe('the tail of a stream', () => {
  it('tells each event once, however often its batch stands in the log', async () => {
    const { definition, reader, add, enrich } = setUp();
    add(event(1));
    enrich(0);
    const tail = await StreamTail.open(reader, definition, 'end');
    const context = recordingContext();
    add(`[${event(2)},${event(3)}]`);
    enrich(1);
    enrich(0); // a zombie's, which has been at the beginning
    add(event(4));
    enrich(1); // overlaps what is known
    await tailEvents(tail, 3, context, fakeClock(NOW_MS));
    const told = context.output().trim().split('\n').map((line) => JSON.parse(line) as unknown); // prettier-ignore
    expect(told).toEqual(
      [2, 3, 4].map((id) => ({ id: `e${id}`, user: 'ann', 'meta.dt': `2026-03-01T08:59:0${id}.000Z` })),
    );
  });

  it('tells from the beginning on what is retained, and stops after so many', async () => {
    const { definition, reader, add, enrich } = setUp();
    add(`[${[1, 2, 3].map(event).join(',')}]`);
    enrich(0);
    const context = recordingContext();
    await tailEvents(await StreamTail.open(reader, definition, 'begin'), 2, context, fakeClock(NOW_MS));
    expect(context.output().split('\n').filter((line) => line !== '')).toHaveLength(2); // prettier-ignore
  });

  it('counts what came between two looks', async () => {
    const { definition, reader, add, enrich } = setUp();
    const tail = await StreamTail.open(reader, definition, 'end');
    const context = recordingContext();
    const clock = fakeClock(NOW_MS);
    let looks = 0;
    const eventful = {
      ...clock,
      sleep: async (ms: number, signal: AbortSignal) => {
        await clock.sleep(ms, signal);
        looks += 1;
        if (looks === 1) {
          add(`[${event(1)},${event(2)},{"user":7}]`);
          add(event(2));
          enrich(0);
          add(event(5));
        }
        if (looks === 3) context.interrupt();
      },
    };
    await tailCounts(tail, { everyMs: 5_000, most: Infinity }, context, eventful);
    expect(
      context
        .output()
        .split('\n')
        .map((line) => line.trim().split(/ {2,}|(?<=\d) (?=\d)/)),
    ).toEqual([
      // prettier-ignore
      expect.arrayContaining(['time', 'events']),
      ['09:00:05', '2', '0.4', '2', '1', '1', '1', '2026-03-01T08:59:02.000Z'],
      ['09:00:10', '0', '0.0', '2', '0', '0', '1', '2026-03-01T08:59:02.000Z'],
      [''],
    ]);
  });
});
