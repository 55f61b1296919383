import type { PlantedBug } from '../bug';

const STORE = 'libs/adapters/lake/src/store/directory-object-store.ts';
const LOG = 'libs/adapters/lake/src/table/table-log.ts';
const TABLE = 'libs/adapters/lake/src/table/lake-table.ts';
const COMMIT = 'libs/adapters/lake/src/table/planned-commit.ts';
const ACTIONS = 'libs/adapters/lake/src/table/delta-actions.ts';
const CHECKPOINT = 'libs/adapters/lake/src/table/checkpoint.ts';
const PLAN = 'libs/adapters/lake/src/tend/compaction-plan.ts';
const REWRITING = 'libs/adapters/lake/src/tend/rewriting.ts';
const VACUUM = 'libs/adapters/lake/src/tend/vacuum-table.ts';
const RETENTION = 'libs/adapters/lake/src/tend/retention.ts';
const STORE_SPECS = ['libs/adapters/lake/src/store/directory-object-store.spec.ts'];
const TABLE_SPECS = ['libs/adapters/lake/src/table/lake-table.spec.ts'];
const TEND_SPECS = ['libs/adapters/lake/src/tend/tend-table.spec.ts'];

/** The lake: its log, and what keeps its tables in order. */
export const keepingBugs: readonly PlantedBug[] = [
  {
    name: 'lake-overwrites-files',
    bug: 'a file of the lake takes the place of one that is there',
    patches: [{ file: STORE, find: 'await link(file, target);', replace: 'await rename(file, target);' }],
    specs: STORE_SPECS,
  },
  {
    name: 'lake-commits-at-any-position',
    bug: 'a writer that was overtaken adds its rows to the lake all the same',
    patches: [
      {
        file: COMMIT,
        find: 'if (stands !== undefined && stands !== position.from)',
        replace: 'if (stands !== undefined && stands < 0)',
      },
    ],
    specs: TABLE_SPECS,
  },
  {
    name: 'lake-takes-any-commit-for-its-own',
    bug: 'a commit to the lake that another was quicker than counts as made',
    patches: [
      {
        file: LOG,
        find: 'return there !== null && Buffer.compare(there, content) === 0;',
        replace: 'return there !== null;',
      },
    ],
    specs: TABLE_SPECS,
  },
  {
    name: 'lake-commits-twice',
    bug: 'a commit to the lake is made once more when its request was repeated',
    patches: [
      {
        file: LOG,
        find: 'return there !== null && Buffer.compare(there, content) === 0;',
        replace: 'return there === content;',
      },
    ],
    specs: TABLE_SPECS,
  },
  {
    name: 'lake-reads-old-log',
    bug: 'whoever slept while commits were removed takes the table for what it was then',
    patches: [
      { file: TABLE, find: 'if (now !== null && isStale && (await', replace: 'if (now !== null && !isStale && (await' },
    ],
    specs: TABLE_SPECS,
  },
  {
    name: 'lake-writes-its-past',
    bug: 'whoever slept before a commit makes a version anew that was made and removed long ago',
    patches: [{ file: TABLE, find: 'await this.verifyAwake(version);', replace: 'void this.verifyAwake;' }],
    specs: TABLE_SPECS,
  },
  {
    name: 'lake-trims-too-early',
    bug: 'commits are removed from the log of the lake as soon as there is a checkpoint',
    patches: [
      {
        file: LOG,
        find: "kind === 'checkpoint' && modifiedMs < nowMs - KEEP_LOG_MS",
        replace: "kind === 'checkpoint' && modifiedMs <= nowMs",
      },
    ],
    specs: TABLE_SPECS,
  },
  {
    name: 'lake-forgets-removed-files',
    bug: 'checkpoints of the lake say nothing of files that readers may still be reading',
    patches: [{ file: CHECKPOINT, find: 'removedMs > nowMs - REMEMBER_REMOVED_MS', replace: 'removedMs > nowMs' }],
    specs: TABLE_SPECS,
  },
  {
    name: 'lake-shortens-upper-bounds',
    bug: 'a shortened text is told as the greatest of a file, so that readers leave the file out',
    patches: [{ file: ACTIONS, find: "(isMax ? ABOVE_ALL : '')", replace: "(isMax ? '' : '')" }],
    specs: TABLE_SPECS,
  },
  {
    name: 'lake-merges-directories',
    bug: 'files of rows without a value are put together with files of the empty text',
    patches: [
      {
        file: PLAN,
        find: 'JSON.stringify(partitionBy.map((name) => partition[name] ?? null))',
        replace: "partitionBy.map((name) => partition[name] ?? '').join('|')",
      },
    ],
    specs: ['libs/adapters/lake/src/tend/compaction-plan.spec.ts'],
  },
  {
    name: 'lake-vacuums-under-readers',
    bug: 'files are removed as soon as others stand in their place, though they are being read',
    patches: [{ file: VACUUM, find: 'Math.max(removed.get(path) ?? 0, modifiedMs)', replace: 'modifiedMs' }],
    specs: TEND_SPECS,
  },
  {
    name: 'lake-vacuums-without-a-commit',
    bug: 'a vacuum removes a file that somebody who slept is about to name',
    patches: [
      {
        file: VACUUM,
        find: 'await table.commit(() => ({ add: [], remove: [], dataChange: false }))',
        replace: 'await table.snapshot()',
      },
    ],
    specs: TEND_SPECS,
  },
  {
    name: 'lake-names-old-files',
    bug: 'a file that was put long ago becomes a part of the table, though a vacuum has removed it',
    patches: [{ file: COMMIT, find: '  verifyAge(change, table, nowMs);\n', replace: '' }],
    specs: TEND_SPECS,
  },
  {
    name: 'lake-erases-what-is-not-known',
    bug: 'rows without a key go with those of a key that is erased',
    patches: [{ file: REWRITING, find: '(${except}) IS NOT TRUE', replace: 'NOT (${except})' }],
    specs: TEND_SPECS,
  },
  {
    name: 'lake-expires-a-day-early',
    bug: 'a day of the lake expires when it began so long ago, with its last hours',
    patches: [{ file: RETENTION, find: 'startMs + DAY_MS <= nowMs', replace: 'startMs <= nowMs' }],
    specs: TEND_SPECS,
  },
];
