import type { PlantedBug } from '../bug';

/** What is asked of the lake: history beyond the view, and SQL. */
export const queryingBugs: readonly PlantedBug[] = [
  {
    name: 'lake-behind-in-silence',
    bug: 'results that neither the view nor the lake has are missing in silence',
    patches: [
      {
        file: 'apps/query-api/src/history/older-windows.ts',
        find: 'this.history!.next(partition) <= offset',
        replace: 'this.history!.next(partition) < 0',
      },
    ],
    specs: ['apps/query-api/src/history/seam.spec.ts'],
  },
  {
    name: 'older-visits-pushed-behind',
    bug: 'sessions of the lake that are not read yet stand behind older ones of the view',
    patches: [
      {
        file: 'apps/query-api/src/history/merged-rows.ts',
        find: 'place === null ? rows.length : firstThatIsNot(rows, notBehind(place, instantOf))',
        replace: 'rows.length',
      },
    ],
    specs: ['apps/query-api/src/history/visits-seam.spec.ts'],
  },
  {
    name: 'sql-without-right',
    bug: 'a read key asks in SQL without the right to it',
    patches: [
      {
        file: 'libs/nest-runtime/src/grpc/read-keys.ts',
        find: 'const { sqlStreams } = this.grantFor(metadata);',
        replace: 'const { streams: sqlStreams } = this.grantFor(metadata);',
      },
    ],
    specs: ['apps/query-api/src/grpc/run-sql.spec.ts'],
  },
  {
    name: 'with-opens-its-own-name',
    bug: 'SQL reads a table that it may not see, in a WITH of the same name',
    patches: [
      {
        file: 'libs/adapters/lake/src/query/sql-guard.ts',
        find: "      this.visit(named['value'], within);\n      within.add(textOf(named, 'key').toLowerCase());",
        replace: "      within.add(textOf(named, 'key').toLowerCase());\n      this.visit(named['value'], within);",
      },
    ],
    specs: ['libs/adapters/lake/src/query/answer-sql.spec.ts'],
  },
  {
    name: 'or-leaves-files-out',
    bug: 'SQL leaves out files that only one side of an OR does not ask for',
    patches: [
      {
        file: 'libs/adapters/lake/src/query/sql-spans.ts',
        find: "new Set(['or', 'case',",
        replace: "new Set(['case',",
      },
    ],
    specs: ['libs/adapters/lake/src/query/sql-spans.spec.ts'],
  },
];
