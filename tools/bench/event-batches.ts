import type { StreamDefinition } from '@tillstream/contracts';
import type { EventBatch } from '@tillstream/core';
import { RawEnricher, decodeEventBatch, emptyPosition, encodeEventBatch } from '@tillstream/core';
import { arrayOf, chunks } from './feeds';

const EVENTS_A_RECORD = 250;
const RECORDS_A_FETCH = 64;
const START_MS = Date.UTC(2026, 0, 6);

/** Events as the enricher writes them for its readers, all of them in one partition. */
export function eventBatches({ schema }: StreamDefinition, events: Iterable<Uint8Array>): readonly EventBatch[] {
  const enricher = new RawEnricher({
    schema: { ...schema, partitions: 1 },
    partition: 0,
    next: 0,
    position: emptyPosition(),
  });
  let rest = chunks([...events], EVENTS_A_RECORD).map((chunk, offset) => {
    return { offset, appendMs: START_MS, value: arrayOf(chunk), batchId: null, control: null, rerouted: null };
  });
  const batches: EventBatch[] = [];
  while (rest.length > 0) {
    const { batch, consumed } = enricher.apply(rest.slice(0, RECORDS_A_FETCH));
    batches.push(decodeEventBatch(encodeEventBatch(batch)));
    rest = rest.slice(consumed);
  }
  return batches;
}
