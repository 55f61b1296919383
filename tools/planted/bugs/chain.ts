import type { PlantedBug } from '../bug';

const CHAIN = 'libs/engine/src/task/chain.ts';
const ENRICHER = 'libs/engine/src/enricher/enricher-task.ts';

/** Chained ranges: what writers may send, and what readers take. */
export const chainBugs: readonly PlantedBug[] = [
  {
    name: 'reader-passes-holes',
    bug: 'a reader takes what stands behind a hole',
    patches: [
      {
        file: CHAIN,
        find: "return range.rawFrom <= next ? 'take' : 'hole';",
        replace: "return 'take';",
      },
    ],
    specs: ['libs/engine/src/task/chain.spec.ts'],
  },
  {
    name: 'reader-repeats-overlaps',
    bug: 'a reader applies records again that overlap',
    patches: [
      {
        file: 'libs/core/src/metrics/partition-aggregator.ts',
        find: 'const firstRecord = firstAtOrBeyond(batch.records, next);',
        replace: 'const firstRecord = firstAtOrBeyond(batch.records, -1);',
      },
    ],
    specs: ['libs/core/src/metrics/partition-aggregator.spec.ts'],
  },
  {
    name: 'ranges-never-dropped',
    bug: 'the rule of ranges never drops a batch',
    patches: [{ file: CHAIN, find: "if (range.rawNext <= next) return 'drop';", replace: '' }],
    specs: ['libs/engine/src/task/chain.spec.ts'],
    note: 'without effect: the aggregator itself passes over records that it knows',
  },
  {
    name: 'reader-takes-all-again',
    bug: 'neither the rule of ranges nor the aggregator drops what is known',
    patches: [
      { file: CHAIN, find: "if (range.rawNext <= next) return 'drop';", replace: '' },
      {
        file: 'libs/core/src/metrics/partition-aggregator.ts',
        find: 'if (batch.rawNext <= next) return;',
        replace: '',
      },
      {
        file: 'libs/core/src/metrics/partition-aggregator.ts',
        find: 'const firstRecord = firstAtOrBeyond(batch.records, next);',
        replace: 'const firstRecord = firstAtOrBeyond(batch.records, -1);',
      },
    ],
  },
  {
    name: 'enricher-starts-at-group-offset',
    bug: "an enricher goes on at the group's offset instead of its output's tail",
    patches: [
      {
        file: ENRICHER,
        find: 'const reached = last ? last.rawNext : (groupOffset ?? begin);',
        replace: 'const reached = groupOffset ?? begin;',
      },
    ],
    specs: ['libs/engine/src/enricher/enricher-task.spec.ts'],
  },
  {
    name: 'group-offset-before-acks',
    bug: "an enricher goes on at the group's offset, which is committed before the batch is acknowledged",
    patches: [
      {
        file: ENRICHER,
        find: 'const reached = last ? last.rawNext : (groupOffset ?? begin);',
        replace: 'const reached = groupOffset ?? begin;',
      },
      {
        file: ENRICHER,
        find: 'this.enriched.flush().then(',
        replace: 'Promise.resolve().then(',
      },
    ],
  },
  {
    name: 'group-offset-asked-late',
    bug: 'an enricher asks where the group is when it has found its output empty, which another owner fills meanwhile',
    patches: [
      {
        file: ENRICHER,
        find: 'const groupOffset = await committed();\n    const tail = await lastBatch(ports.reader, file, partition);',
        replace:
          'const tail = await lastBatch(ports.reader, file, partition);\n    const groupOffset = await committed();',
      },
    ],
    specs: ['libs/engine/src/enricher/enricher-task.spec.ts'],
  },
  {
    name: 'seek-ahead-of-state',
    bug: 'a checkpoint says to go on reading at the end of the log instead of behind its state',
    patches: [
      {
        file: 'libs/engine/src/task/batch-task.ts',
        find: 'next,\n      seek: this.seek,\n      state,',
        replace: 'next,\n      seek: this.source.logEndOffset() ?? this.seek,\n      state,',
      },
    ],
  },
  {
    name: 'skipped-range-left-out',
    bug: 'behind a skipped range the next batch does not cover it',
    patches: [
      {
        file: ENRICHER,
        find: 'partition, next: reached, position, definition',
        replace: 'partition, next: readFrom, position, definition',
      },
    ],
  },
];
