import type { MetricDefinition } from '@tillstream/core';
import { smallDefinition } from '@tillstream/contracts/testing';
import { ImmediateTurn } from '../memory/immediate-turn';
import { MemoryBroker } from '../memory/memory-broker';
import { MemoryLogReader, MemoryLogWriter } from '../memory/memory-log';
import type { NewRecord } from '../ports/log';

export const definition = smallDefinition();
export const DAY_MS = 24 * 60 * 60 * 1000;
export const START_MS = Date.parse('2019-10-01T00:00:00.000Z');
const [sales] = definition.metrics as readonly [MetricDefinition];

/** A log in memory that has the topics of results. */
export function smallLog() {
  const broker = new MemoryBroker(() => START_MS + 10 * DAY_MS);
  broker.createTopic(definition.topics.metrics, 2, true);
  broker.createTopic(definition.topics.enriched, 2, false);
  const turn = new ImmediateTurn(() => 0);
  return { broker, reader: new MemoryLogReader(broker, turn, () => 0), writer: new MemoryLogWriter(broker, turn) };
}

/** The final of a category in the window that begins so many days behind the first one. */
export function final(category: string, day = 0, total = '1.00'): NewRecord & { key: Uint8Array; value: Uint8Array } {
  const [start, end] = [0, 20_000].map((ms) => new Date(START_MS + day * DAY_MS + ms).toISOString());
  const about = { metric: sales.name, definition: sales.identity.slice(-8), window_start: start, window_end: end };
  const rest = { group: { category }, measures: { total, orders: 1, average: total }, final: true, revision: 17 };
  return {
    key: Buffer.from(`f|${sales.identity}|${start}|${JSON.stringify({ category })}`),
    value: Buffer.from(JSON.stringify({ ...about, ...rest, truncated: false })),
  };
}
