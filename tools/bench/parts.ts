import type { StreamDefinition } from '@tillstream/contracts';
import { encodeParts, encodeResults } from '@tillstream/contracts';
import type { RawRecord } from '@tillstream/core';
import {
  BodySplitter,
  PartitionAggregator,
  RawEnricher,
  decodeEventBatch,
  emptyPosition,
  encodeEventBatch,
  partitionOf,
  splitPart,
} from '@tillstream/core';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import type { EventFile } from './events';
import { arrayOf, chunks } from './feeds';
import { best, cpuPerMillion } from './measure';

const RUNS = 3;
const BODY_EVENTS = 1_000;
const BATCHED_EVENTS = 250;
const FETCH_RECORDS = 8_192;
const CHECKPOINT_EVERY_ROWS = 25_000;
const START_MS = Date.UTC(2026, 0, 6);

/** CPU-seconds per million events of each part, in this process, on one core. */
interface PartCosts {
  readonly jsonParse: number;
  readonly splitBodies: number;
  readonly enrichSingles: number;
  readonly enrichBatched: number;
  readonly decodeBatches: number;
  readonly aggregate: number;
  readonly finals: number;
  readonly checkpoints: number;
  readonly checkpointBytes: number;
  readonly finalRows: number;
}

/** What each part costs by itself, beside `JSON.parse` of the same bytes in the same run. */
export async function measureParts({ definition, partEvents, say }: BenchContext): Promise<string> {
  const events = await partEvents();
  say(`measuring the parts on ${events.length} events`);
  const costs = costsOf(definition, events);
  const row = (part: string, cost: number) => [part, cost.toFixed(3), (cost / costs.jsonParse).toFixed(2)];
  return [
    `Parts, in one process, ${events.length} uniform events of 342 bytes, best of ${RUNS}:`,
    '',
    ...table(
      ['part', 'CPU-s per million events', 'times `JSON.parse`'],
      [
        row('floor: `JSON.parse` of the same bytes', costs.jsonParse),
        row('gateway: split bodies of 1,000 events by key, checked', costs.splitBodies),
        row('enricher: raw → columns, one event a record', costs.enrichSingles),
        row('enricher: raw → columns, batched records', costs.enrichBatched),
        row('aggregator: decode batches', costs.decodeBatches),
        row('aggregator: three metrics from columns', costs.aggregate),
        row(`aggregator: encode finals and parts (${costs.finalRows.toFixed(2)} rows an event)`, costs.finals),
        row(`aggregator: encode checkpoints (${costs.checkpointBytes.toFixed(0)} bytes an event)`, costs.checkpoints),
      ],
    ),
  ].join('\n');
}

function costsOf(definition: StreamDefinition, events: EventFile): PartCosts {
  const count = events.length;
  const { schema } = definition;
  const texts = [...events];

  const jsonParse = best(RUNS, () =>
    cpuPerMillion(count, () => {
      const decoder = new TextDecoder();
      for (const text of texts) JSON.parse(decoder.decode(text));
    }),
  );

  const bodies = chunks(texts, BODY_EVENTS).map(arrayOf);
  const splitBodies = best(RUNS, () =>
    cpuPerMillion(count, () => {
      const splitter = new BodySplitter(schema);
      for (const body of bodies) splitter.split(body, 'json');
    }),
  );

  const mine = texts.filter((_, index) => {
    const key = events.keyAt(index);
    return partitionOf(key, 0, key.length, schema.partitions) === 0;
  });
  const singles = mine.map((event, offset) => rawRecord(offset, event));
  const batched = chunks(mine, BATCHED_EVENTS).map((chunk, offset) => rawRecord(offset, arrayOf(chunk)));
  const enrich = (records: readonly RawRecord[]) => () => enrichAll(definition, records);
  const enrichSingles = best(RUNS, () => cpuPerMillion(mine.length, enrich(singles)));
  const enrichBatched = best(RUNS, () => cpuPerMillion(mine.length, enrich(batched)));

  const encoded = enrichAll(definition, batched);
  const decodeBatches = best(RUNS, () => cpuPerMillion(mine.length, () => encoded.forEach(decodeEventBatch)));

  let least = { aggregate: Infinity, finals: Infinity, checkpoints: Infinity, checkpointBytes: 0, finalRows: 0 };
  for (let run = 0; run < RUNS; run += 1) {
    const costs = aggregateAll(definition, encoded, mine.length);
    if (costs.aggregate < least.aggregate) least = costs;
  }
  return { jsonParse, splitBodies, enrichSingles, enrichBatched, decodeBatches, ...least };
}

function enrichAll(definition: StreamDefinition, records: readonly RawRecord[]): Uint8Array[] {
  const { schema } = definition;
  const enricher = new RawEnricher({ schema, partition: 0, next: 0, position: emptyPosition() });
  const batches: Uint8Array[] = [];
  let rest = records;
  while (rest.length > 0) {
    const result = enricher.apply(rest.slice(0, FETCH_RECORDS));
    batches.push(encodeEventBatch(result.batch));
    rest = rest.slice(result.consumed);
  }
  return batches;
}

/** Aggregation, the encoding of everything final, and checkpoints, each on its own clock. */
function aggregateAll(definition: StreamDefinition, encoded: readonly Uint8Array[], events: number) {
  const { schema, metrics } = definition;
  const start = { next: 0, before: emptyPosition(), completeFromMs: -Infinity };
  const aggregator = PartitionAggregator.create({ schema, metrics, partition: 0 }, start);
  const batches = encoded.map(decodeEventBatch);
  let aggregate = 0;
  let finals = 0;
  let checkpoints = 0;
  let checkpointBytes = 0;
  let finalRows = 0;
  let rowsSince = 0;
  for (const batch of batches) {
    aggregate += cpuPerMillion(events, () => aggregator.apply(batch));
    finals += cpuPerMillion(events, () => {
      for (const { results, part } of aggregator.takeClosed()) {
        if (results) finalRows += encodeResults(results, schema).length;
        for (const share of part ? splitPart(part, schema.partitions) : []) if (share) encodeParts(0, share);
      }
      aggregator.takeLate();
    });
    rowsSince += batch.rows;
    if (rowsSince < CHECKPOINT_EVERY_ROWS) continue;
    rowsSince = 0;
    checkpoints += cpuPerMillion(events, () => {
      for (const { bytes } of aggregator.takeDeltas().deltas) checkpointBytes += bytes.length;
    });
  }
  return { aggregate, finals, checkpoints, checkpointBytes: checkpointBytes / events, finalRows: finalRows / events };
}

function rawRecord(offset: number, value: Uint8Array): RawRecord {
  return { offset, appendMs: START_MS, value, batchId: null, control: null, rerouted: null };
}
