import type { RawRecord } from '@tillstream/core';
import { RawEnricher, emptyPosition, encodeEventBatch } from '@tillstream/core';
import { encodeFrontier, parseStreamFile } from '@tillstream/contracts';
import { DefinitionHistory } from '../definitions/definition-history';
import { ImmediateTurn } from '../memory/immediate-turn';
import { MemoryBroker } from '../memory/memory-broker';
import { MemoryLogReader } from '../memory/memory-log';
import { findRebuildStart } from './rebuild';

const FIRST = `stream: shop
partitions: 1
key: [user]
eventTime: {field: at, outOfOrderness: 1s}
fields:
  at: {type: timestamp}
  user: {type: string}
metrics:
  events: {window: {size: 1m}, measures: {events: count()}}
`;
const SECOND = FIRST.replace('events:', 'visits:');
const NOW_MS = Date.UTC(2026, 0, 5, 12);
const HOUR_MS = 3_600_000;
const utf8 = new TextEncoder();

function definitionOf(text: string) {
  const parsed = parseStreamFile(text, { file: 'shop.yaml' });
  if (!parsed.ok) throw new Error('the stream file has problems');
  return parsed.definition;
}

describe('where a rebuild begins', () => {
  const [first, second] = [definitionOf(FIRST), definitionOf(SECOND)];
  const history = new DefinitionHistory(first, [first, second]);
  const plain = { appendMs: NOW_MS, batchId: null, control: null, rerouted: null };
  const event = (offset: number): RawRecord => {
    return { ...plain, offset, value: utf8.encode(JSON.stringify({ at: NOW_MS - HOUR_MS, user: 'ann' })) };
  };
  const change: RawRecord = {
    ...plain,
    offset: 2,
    value: null,
    control: { kind: 'definition', sha256: second.sha256, payload: utf8.encode('{}') },
  };

  /** One batch ends with a change at raw offset 2; another begins behind it. */
  function rebuildFrom(frontierOf: string): ReturnType<typeof findRebuildStart> {
    const broker = new MemoryBroker(() => NOW_MS);
    const { enriched, parts } = first.topics;
    for (const topic of [enriched, parts]) broker.createTopic(topic, 1, false);
    let next = 0;
    let position = emptyPosition();
    for (const { sha256, records } of [
      { sha256: first.sha256, records: [event(0), event(1), change] },
      { sha256: second.sha256, records: [event(3)] },
    ]) {
      const enricher = new RawEnricher({ schema: first.schema, partition: 0, next, position, definition: sha256 });
      const { batch } = enricher.apply(records);
      ({ rawNext: next, after: position } = batch);
      broker.append(enriched, 0, [{ key: null, value: encodeEventBatch(batch) }]);
    }
    const time = { watermarkInputMs: NOW_MS, maxEventTimeMs: NOW_MS, maxAppendMs: NOW_MS };
    const frontier = { ...time, caughtUp: true, held: false, rawNext: 3, definition: frontierOf };
    broker.append(parts, 0, [encodeFrontier(0, frontier)]);
    const reader = new MemoryLogReader(broker, new ImmediateTurn(() => NOW_MS), () => NOW_MS);
    return findRebuildStart(reader, first, history, 0, 'agg:shop:0');
  }

  it('is before a change that the newest frontier does not know of: what begins and ends there is decided by passing it', async () => {
    expect(await rebuildFrom(first.sha256)).toMatchObject({ next: 0, before: { definition: '' } });
  });

  it('takes up what stood there: a row that was late is late once more', async () => {
    const { before } = await rebuildFrom(second.sha256);
    expect(before).toMatchObject({ watermarkInputMs: NOW_MS - HOUR_MS, maxEventTimeMs: NOW_MS - HOUR_MS, rowsSeen: 2 });
  });

  it('may be behind a change that the newest frontier knows of', async () => {
    expect(await rebuildFrom(second.sha256)).toMatchObject({ next: 3, before: { definition: second.sha256 } });
  });

  it('tells windows from where on they are whole, of rows that are made of events from the middle of a stream on', async () => {
    const broker = new MemoryBroker(() => NOW_MS);
    const { enriched, parts } = first.topics;
    for (const topic of [enriched, parts]) broker.createTopic(topic, 1, false);
    const enricher = new RawEnricher({
      ...{ schema: first.schema, partition: 0, next: 7, definition: first.sha256 },
      position: { ...emptyPosition(), maxEventTimeMs: NOW_MS - HOUR_MS },
    });
    broker.append(enriched, 0, [{ key: null, value: encodeEventBatch(enricher.apply([event(7)]).batch) }]);
    const reader = new MemoryLogReader(broker, new ImmediateTurn(() => NOW_MS), () => NOW_MS);
    const start = await findRebuildStart(reader, first, new DefinitionHistory(first, [first]), 0, 'agg:shop:0');
    expect(start).toMatchObject({ next: 7, completeFromMs: -Infinity });
    expect([...(start.spans ?? [])]).toEqual([
      [first.metrics[0]?.identity, { fromMs: NOW_MS - HOUR_MS + 1, untilMs: Infinity }],
    ]);
  });
});
