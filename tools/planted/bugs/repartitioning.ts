import type { PlantedBug } from '../bug';

const COPY = 'libs/engine/src/repartition/partition-copy.ts';
const RUN = 'libs/engine/src/repartition/copy-partition.ts';
const SPLIT = 'libs/core/src/enrich/record-splitter.ts';
const SPECS = ['libs/engine/src/repartition/partition-copy.spec.ts'];

/** Another generation with more partitions: what is carried over, and what is left behind. */
export const repartitioningBugs: readonly PlantedBug[] = [
  {
    name: 'copy-without-lateness',
    bug: 'a row that was late is in time in a generation with more partitions',
    patches: [{ file: COPY, find: 'oldestMs < inputMs - this.patienceMs &&', replace: 'oldestMs < -Infinity &&' }],
    specs: SPECS,
  },
  {
    name: 'copy-with-new-times',
    bug: 'records that are copied into another generation get the times of the copy',
    patches: [{ file: COPY, find: '{ ...record, timestampMs: this.maxAppendMs }', replace: '{ ...record }' }],
    specs: SPECS,
  },
  {
    name: 'copy-takes-misplaced-rows',
    bug: 'misplaced rows are copied from where they were written and from where they were brought to',
    patches: [{ file: SPLIT, find: 'target % schema.partitions !== home', replace: 'target < 0' }],
    specs: SPECS,
  },
  {
    name: 'copy-calls-halves-alike',
    bug: 'of a record that is too long for another generation the second half is taken for the first one sent again',
    patches: [{ file: COPY, find: 'if (batchId !== null && share === 0)', replace: 'if (batchId !== null)' }],
    specs: SPECS,
  },
  {
    name: 'copy-leaves-out-advances',
    bug: 'another generation is not told that time has been advanced',
    patches: [
      { file: COPY, find: "new Set(['advance', 'catalog', 'other'])", replace: "new Set(['catalog', 'other'])" },
    ],
    specs: SPECS,
  },
  {
    name: 'copy-says-twice',
    bug: 'a copy that begins again writes once more what is there',
    patches: [
      {
        file: RUN,
        find: 'if (so.place !== null && !isBehind(place, so.place)) continue;',
        replace: 'if (so.place === undefined) continue;',
      },
    ],
    specs: SPECS,
  },
];
