import type { PlantedBug } from '../bug';

const TABLE = 'libs/engine/src/verify/standing-table.ts';
const VERIFY = 'libs/engine/src/verify/verify-finals.ts';
const START = 'libs/engine/src/recompute/feed-start.ts';
const FEED = 'libs/engine/src/recompute/raw-feed.ts';
const IN_FORCE = 'libs/engine/src/recompute/enricher-in-force.ts';
const ADDED = 'libs/engine/src/recompute/added-columns.ts';
const SPEC = 'tools/simulate/verify.spec.ts';

/** A verification that sees nothing, or sees what is not there. */
export const verifyingBugs: readonly PlantedBug[] = [
  {
    name: 'verify-awaits-everything',
    bug: 'a verification takes a final that is missing for one that services have not come to',
    patches: [{ file: TABLE, find: 'if (!span || endMs > span.lastEndMs) ', replace: 'if (span || endMs > 0) ' }],
    specs: [SPEC],
  },
  {
    name: 'verify-sees-one-copy',
    bug: 'a verification compares only the first copy of a final',
    patches: [{ file: TABLE, find: 'if (isSame) return;', replace: 'if (isSame || count > 0) return;' }],
    specs: [SPEC],
  },
  {
    name: 'verify-ignores-surplus',
    bug: 'a verification does not notice finals that raw does not give',
    patches: [
      {
        file: VERIFY,
        find: "    for (const place of standing.unseen()) await this.noteAt('surplus', place, null);\n",
        replace: '',
      },
    ],
    specs: [SPEC],
  },
  {
    name: 'verify-takes-cut-windows',
    bug: 'windows of which raw has lost rows are verified as if it still had all',
    patches: [
      {
        file: START,
        find: 'completeFromMs: before.maxEventTimeMs < fromMs ? -Infinity : before.maxEventTimeMs + 1,',
        replace: 'completeFromMs: -Infinity,',
      },
    ],
    specs: [SPEC],
  },
  {
    name: 'verify-forgets-ids',
    bug: 'raw is read from the middle on without the ids that stood before',
    patches: [{ file: FEED, find: 'enricher.remember(batch);', replace: 'void batch;' }],
    specs: [SPEC],
  },
  {
    name: 'verify-under-newest-file',
    bug: 'a verification reads rows from before a change under the stream file from behind it',
    patches: [
      {
        file: IN_FORCE,
        find: 'this.current = history ? this.inForce(history, position.definition) : definition;',
        replace: 'this.current = definition;',
      },
    ],
    specs: [SPEC],
  },
  {
    name: 'added-fields-of-other-rows',
    bug: 'a field that was declared later is taken from other rows where some do not say it as declared',
    patches: [{ file: ADDED, find: 'rows.push(places.find(offset, index))', replace: 'rows.push(rows.length)' }],
    specs: ['tools/simulate/backfill.spec.ts'],
  },
];
