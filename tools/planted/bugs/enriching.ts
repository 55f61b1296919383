import type { PlantedBug } from '../bug';

const RAW_ENRICHER = 'libs/core/src/enrich/raw-enricher.ts';
const REACHED = 'libs/core/src/enrich/running-position.ts';
const HORIZON = 'libs/core/src/enrich/dedupe-horizon.ts';
const ENRICHER = 'libs/engine/src/enricher/enricher-task.ts';
const RAW_ENRICHER_SPEC = 'libs/core/src/enrich/raw-enricher.spec.ts';
const ROW_READER = 'libs/core/src/json/row-reader.ts';

/** What becomes of a raw record. */
export const enrichingBugs: readonly PlantedBug[] = [
  {
    name: 'dead-letters-not-awaited',
    bug: 'dead letters are not acknowledged before the batch that leaves them out',
    patches: [
      {
        file: ENRICHER,
        find: 'await Promise.all([this.deadLetters.flush(), ...reroutes]);',
        replace: 'await Promise.all(reroutes);',
      },
    ],
  },
  {
    name: 'reroutes-not-awaited',
    bug: 're-routed rows are not acknowledged before the batch that leaves them out',
    patches: [
      {
        file: ENRICHER,
        find: 'await Promise.all([this.deadLetters.flush(), ...reroutes]);',
        replace: 'void Promise.allSettled(reroutes);\n    await this.deadLetters.flush();',
      },
    ],
  },
  {
    name: 'rerouted-taken-again',
    bug: 'a partition takes re-routed rows again that were brought before',
    patches: [
      {
        file: RAW_ENRICHER,
        find: 'const takenBefore = rerouted === null ? 0 : reached.reroutedFrom(rerouted.sourcePartition);',
        replace: 'const takenBefore = 0;',
      },
    ],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'misplaced-stay',
    bug: 'nobody looks whether a row stands in the partition of its key',
    patches: [
      {
        file: RAW_ENRICHER,
        find: 'const target = rerouted === null ? rows.keyPartition(schema.partitions) : this.partition;',
        replace: 'const target = this.partition;',
      },
    ],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'accepted-ids-only',
    bug: 'only the ids of accepted rows are remembered',
    patches: [
      {
        file: RAW_ENRICHER,
        find: 'if (ids.take(idLog.view, at, place)) duplicate = true;',
        replace: 'if (ids.has(idLog.view, at)) duplicate = true;\n        else ids.take(idLog.view, at, place);',
      },
    ],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'ids-not-restored',
    bug: 'ids are not restored when an enricher is opened',
    patches: [
      {
        file: ENRICHER,
        find: 'if (tail) await restoreHorizon(ports, definition, partition, position, tail.offset, enricher);',
        replace: '',
      },
    ],
  },
  {
    name: 'ids-restored-from-last-batch',
    bug: 'only the ids of the last batch are restored when an enricher is opened',
    patches: [
      {
        file: ENRICHER,
        find: 'const from = (await ports.reader.offsetAtOrAfter(enriched, partition, oldestMs)) ?? tailOffset;',
        replace: 'const from = oldestMs < 0 ? 0 : tailOffset;',
      },
    ],
  },
  {
    name: 'ids-for-ever',
    bug: 'an id is remembered for as long as the process lives',
    patches: [
      {
        file: HORIZON,
        find: '(now[1] as number) - (this.appends[slot] as number) <= bounds.withinMs',
        replace: '(now[1] as number) >= 0',
      },
    ],
    specs: ['libs/core/src/enrich/dedupe-horizon.spec.ts'],
  },
  {
    name: 'broken-record-remembered',
    bug: 'the ids of a record that breaks are remembered although no row of it counts',
    patches: [{ file: RAW_ENRICHER, find: 'ids.rollback();\n', replace: '' }],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'batch-ids-forgotten',
    bug: "a gateway's repeated write is told by the ids of its rows alone",
    patches: [
      {
        file: RAW_ENRICHER,
        find: 'const repeated = batchIdView !== null && this.known.ofBatches.has(batchIdView, 0);',
        replace: 'const repeated = false;',
      },
    ],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'watermark-within-broken-record',
    bug: 'the watermark moves at each row, so that rows of a record that breaks have moved it',
    patches: [
      {
        file: RAW_ENRICHER,
        find: 'if (eventMs > maxEventMs) maxEventMs = eventMs;',
        replace: 'if (eventMs > maxEventMs) maxEventMs = eventMs;\n      reached.advance(eventMs, appendMs);',
      },
    ],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'event-time-unclamped',
    bug: 'event time is not held back by append time',
    patches: [
      {
        file: REACHED,
        find: 'times[WATERMARK_INPUT] = Math.max(times[WATERMARK_INPUT] as number, Math.min(maxEventMs, appendMs));',
        replace: 'times[WATERMARK_INPUT] = Math.max(times[WATERMARK_INPUT] as number, maxEventMs);',
      },
    ],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'advance-unclamped',
    bug: 'an advance is not held back by its append time',
    patches: [{ file: REACHED, find: 'Math.min(control.toMs, appendMs)', replace: 'control.toMs' }],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'arrival-by-clock',
    bug: "a row's arrival is when it is read instead of when it was appended",
    patches: [
      {
        file: 'libs/contracts/src/raw/raw-record.ts',
        find: 'appendMs: record.timestampMs,',
        replace: 'appendMs: Math.max(record.timestampMs, Date.now()),',
      },
    ],
  },
  {
    name: 'advance-lower-wins',
    bug: 'an advance that comes after a higher one takes the watermark back',
    patches: [
      {
        file: REACHED,
        find: 'times[WATERMARK_INPUT] = Math.max(times[WATERMARK_INPUT] as number, Math.min(control.toMs, appendMs));',
        replace: 'times[WATERMARK_INPUT] = Math.min(control.toMs, appendMs);',
      },
    ],
    specs: [RAW_ENRICHER_SPEC],
  },
  {
    name: 'place-within-object-goes-on',
    bug: 'behind an object the reader still expects what follows within it',
    patches: [{ file: ROW_READER, find: 'this.expected.last = this.keys.placeBehind(slot);', replace: '' }],
    specs: ['libs/core/src/json/scanner.property.spec.ts'],
  },
  {
    name: 'object-given-twice-is-read-twice',
    bug: 'an object that is given twice is read twice',
    patches: [
      { file: ROW_READER, find: 'if (givenIn[slot] === row) {', replace: 'if (!isObject && givenIn[slot] === row) {' },
    ],
    specs: ['libs/core/src/json/nested-fields.spec.ts'],
  },
];
