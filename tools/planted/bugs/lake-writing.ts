import type { PlantedBug } from '../bug';

const SINK = 'libs/adapters/lake/src/sink';
const PARTITION = `${SINK}/lake-partition.ts`;
const FAULTS = [`${SINK}/lake-faults.spec.ts`];
const ROWS = [`${SINK}/lake-rows.spec.ts`];
const CONTRACT = [`${SINK}/lake-sink.contract.spec.ts`];

/** Rows on their way into the lake that do not get there, get there twice or as others. */
export const lakeWritingBugs: readonly PlantedBug[] = [
  {
    name: 'lake-lost-answer-is-overtaken',
    bug: 'a commit to the lake whose answer was lost counts as made by somebody else',
    patches: [
      {
        file: PARTITION,
        find: 'if (now?.positions.get(this.appId) === next && isNamed(now, files)) return null;',
        replace: '',
      },
    ],
    specs: FAULTS,
  },
  {
    name: 'lake-failed-flush-forgets',
    bug: 'rows of a file that could not be written are forgotten',
    patches: [{ file: PARTITION, find: '      this.restore(buffer, range);\n', replace: '' }],
    specs: FAULTS,
  },
  {
    name: 'lake-failed-flush-leaves-files',
    bug: 'a full store is filled up with files that no table names',
    patches: [
      {
        file: PARTITION,
        find: '      await this.forget(files);\n      throw cause;\n    } finally {',
        replace: '      throw cause;\n    } finally {',
      },
    ],
    specs: FAULTS,
  },
  {
    name: 'lake-names-first-file',
    bug: 'of the files of a flush the table names one',
    patches: [{ file: PARTITION, find: 'add: files, remove: []', replace: 'add: files.slice(0, 1), remove: []' }],
    specs: ROWS,
  },
  {
    name: 'lake-tells-rows-again',
    bug: 'a row that its publisher tells again is in the lake twice',
    patches: [
      { file: PARTITION, find: 'if (snapshot !== null) await this.feed.dropKnown(buffer, snapshot);', replace: '' },
    ],
    specs: CONTRACT,
  },
  {
    name: 'lake-looks-beside-time',
    bug: 'rows that are told again are looked for in files that hold nothing but their own time',
    patches: [
      { file: `${SINK}/known-ids.ts`, find: '(from <= most && to >= least)', replace: '(from >= least && to <= most)' },
    ],
    specs: CONTRACT,
  },
  {
    name: 'lake-money-without-scale',
    bug: 'money with fewer digits than its currency has is another amount in the lake',
    patches: [{ file: 'libs/adapters/lake/src/duckdb/write-values.ts', find: ".padEnd(scale, '0')", replace: '' }],
    specs: ['libs/adapters/lake/src/duckdb/duckdb-session.spec.ts'],
  },
  {
    name: 'lake-word-null-is-null',
    bug: 'the word NULL is nothing where files are kept apart by it',
    patches: [
      {
        file: 'libs/adapters/lake/src/sql/partition-path.ts',
        find: 'if (/^(null|__hive_default_partition__)$/i.test(text))',
        replace: 'if (text === null)',
      },
    ],
    specs: ['libs/adapters/lake/src/sql/read-files.spec.ts'],
  },
];
