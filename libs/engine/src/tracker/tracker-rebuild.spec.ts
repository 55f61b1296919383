import { RawEnricher, emptyPosition, encodeEventBatch } from '@tillstream/core';
import { parseStreamFile } from '@tillstream/contracts';
import { DefinitionHistory } from '../definitions/definition-history';
import { ImmediateTurn } from '../memory/immediate-turn';
import { MemoryBroker } from '../memory/memory-broker';
import { MemoryLogReader } from '../memory/memory-log';
import { StopPartitionError } from '../task/stop-partition';
import { findTrackerStart } from './tracker-rebuild';
import type { RowsTail } from './rows-tail';

const FILE = `stream: shop
partitions: 1
key: [user]
eventTime: {field: at, outOfOrderness: 0s}
fields:
  at: {type: timestamp}
  user: {type: string}
  event_type: {type: string}
  product_id: {type: string}
metrics:
  events: {window: {size: 1m}, measures: {events: count()}}
`;
const VISITS = `sessions: {gap: 1m, maxDuration: 4m}
attribution: {within: 10m}
`;
const START_MS = Date.UTC(2026, 0, 5, 12);
const MINUTE_MS = 60_000;
const MINUTES = 60;
const PLAIN = { batchId: null, control: null, rerouted: null };
const utf8 = new TextEncoder();

function definitionOf(text: string) {
  const parsed = parseStreamFile(text, { file: 'shop.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.definition;
}

/** An event a minute, each in a batch of its own, of which the first have expired. */
function startIn(
  text: string,
  tails: { readonly sessions?: RowsTail; readonly attribution?: RowsTail },
  expired = 0,
): ReturnType<typeof findTrackerStart> {
  const definition = definitionOf(text);
  const broker = new MemoryBroker(() => START_MS);
  const { enriched } = definition.topics;
  broker.createTopic(enriched, 1, false);
  let position = emptyPosition();
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const atMs = START_MS + minute * MINUTE_MS;
    const event = { at: atMs, user: 'ann', event_type: 'page_view', product_id: 'p1' };
    const options = { schema: definition.schema, partition: 0, next: minute, position, definition: definition.sha256 };
    const record = { offset: minute, appendMs: atMs, value: utf8.encode(JSON.stringify(event)), ...PLAIN };
    const { batch } = new RawEnricher(options).apply([record]);
    position = batch.after;
    broker.append(enriched, 0, [{ key: null, value: encodeEventBatch(batch) }]);
  }
  broker.trim(enriched, 0, expired);
  const reader = new MemoryLogReader(broker, new ImmediateTurn(() => START_MS), () => START_MS);
  const found = { sessions: tails.sessions ?? null, attribution: tails.attribution ?? null };
  return findTrackerStart(
    reader,
    definition,
    new DefinitionHistory(definition, [definition]),
    found,
    0,
    'tracker:shop:0',
  );
}

/** Rows that speak for everything up to a minute. */
function tailAt(minute: number): RowsTail {
  return { rawNext: minute + 1, after: { ...emptyPosition(), watermarkInputMs: START_MS + minute * MINUTE_MS } };
}

describe('where a tracker whose store is empty begins', () => {
  it('is behind everything that no open session, and none whose end still matters, can hold', async () => {
    // Twice the longest duration and four gaps before the watermark of the rows.
    expect(await startIn(FILE + VISITS, { sessions: tailAt(50) })).toMatchObject({ next: 38, sinceMs: -Infinity });
  });

  it('is before the views of purchases that are not decided', async () => {
    expect(await startIn(FILE + VISITS, { attribution: tailAt(50) })).toMatchObject({ next: 40 });
  });

  it('is what both need, and nothing that is untold is before it', async () => {
    const tails = { sessions: tailAt(50), attribution: tailAt(30) };
    expect(await startIn(FILE + VISITS, tails)).toMatchObject({ next: 20 });
    const far = { ...tailAt(5), after: tailAt(55).after };
    expect(await startIn(FILE + VISITS, { sessions: far })).toMatchObject({ next: 6 });
  });

  it('is what is retained when nothing has ever been told: what began before is not known', async () => {
    expect(await startIn(FILE + VISITS, {})).toMatchObject({ next: 0, sinceMs: -Infinity });
    expect(await startIn(FILE + VISITS, {}, 10)).toMatchObject({ next: 10, sinceMs: START_MS + 9 * MINUTE_MS });
  });

  it('is the newest batch where nobody asks for visits', async () => {
    expect(await startIn(FILE, {})).toMatchObject({ next: MINUTES - 1 });
  });

  it('is nowhere when what is needed has expired: it stops with the remedy', async () => {
    const start = startIn(FILE + VISITS, { sessions: tailAt(50) }, 45);
    await expect(start).rejects.toThrow(StopPartitionError);
    await expect(start).rejects.toThrow(/restore a backup of the store, or `till skip`/);
    await expect(startIn(FILE + VISITS, { sessions: tailAt(50) }, 38)).resolves.toMatchObject({ next: 38 });
  });
});
