import type { PlantedBug } from '../bug';

const CENSUS = 'libs/engine/src/explain/row-census.ts';
const EXPLAIN = 'libs/engine/src/explain/explain-window.ts';
const DUPLICATES = 'libs/engine/src/explain/dropped-duplicates.ts';
const SPEC = 'tools/simulate/explain.spec.ts';

/** An explanation whose counts do not add up. */
export const explainingBugs: readonly PlantedBug[] = [
  {
    name: 'explain-counts-late-rows',
    bug: 'an explanation counts rows that came too late for the window',
    patches: [{ file: CENSUS, find: "isClosed ? 'late' : 'counted'", replace: "'counted'" }],
    specs: [SPEC],
  },
  {
    name: 'explain-takes-all-for-duplicates',
    bug: 'an explanation takes rows that were accepted for duplicates where their record has some',
    patches: [{ file: DUPLICATES, find: 'if (accepted.find(offset, index) < 0) rows.push', replace: 'rows.push' }],
    specs: [SPEC],
  },
  {
    name: 'explain-forgets-the-ledger',
    bug: 'an explanation knows late rows only as far as it has read raw',
    patches: [{ file: EXPLAIN, find: '  await addLedger(options, census, breathe);\n', replace: '' }],
    specs: [SPEC],
  },
  {
    name: 'explain-knows-own-headers-only',
    bug: 'an explanation knows the trace of a final only where the group is the first of its window',
    patches: [
      {
        file: 'libs/engine/src/explain/told-history.ts',
        find: "if (key.of === 'final') history.noteTrace",
        replace: "if (key.of === 'final' && key.rest === groupText) history.noteTrace",
      },
    ],
    specs: ['apps/query-api/src/grpc/explain-window.spec.ts'],
  },
];
