import type { PlantedBug } from '../bug';

const POSTGRES = 'libs/adapters/postgres/src';
const PARTITION = `${POSTGRES}/postgres-partition.ts`;
const STORE = `${POSTGRES}/row-store.ts`;
const CONTRACT_SPECS = [`${POSTGRES}/postgres-sink.int.spec.ts`];
const FAILURE_SPECS = [`${POSTGRES}/postgres-failures.int.spec.ts`];
const CONSOLE = 'libs/adapters/console/src';

/** What becomes of rows on their way into PostgreSQL, and onto a console. */
export const relationalBugs: readonly PlantedBug[] = [
  {
    name: 'postgres-position-of-anybody',
    bug: 'PostgreSQL takes rows of a writer that has been overtaken',
    patches: [{ file: PARTITION, find: ' WHERE p.next = $5', replace: ' WHERE p.next >= 0 OR p.next = $5' }],
    specs: FAILURE_SPECS,
  },
  {
    name: 'postgres-refused-forgotten',
    bug: 'rows that PostgreSQL refuses are passed before they are kept',
    patches: [
      {
        file: PARTITION,
        find: 'if (refused.length > 0) await keep(refused);',
        replace: 'if (refused.length > 0) keep(refused).catch(() => undefined);',
      },
    ],
    specs: CONTRACT_SPECS,
  },
  {
    name: 'postgres-all-bad-for-one',
    bug: 'all rows of a transaction are called bad for one that PostgreSQL does not take',
    patches: [
      {
        file: STORE,
        find: 'if (rows.length === 1) return [{ row: this.pending.rowAt(rows[0] as number), reason: error.message }];',
        replace:
          'if (rows.length > 0) return rows.map((at) => ({ row: this.pending.rowAt(at), reason: error.message }));',
      },
    ],
    specs: CONTRACT_SPECS,
  },
  {
    name: 'postgres-told-again-is-bad',
    bug: 'a row that its publisher has written again is called bad',
    patches: [
      { file: STORE, find: 'if (sqlState(error) === UNIQUE_VIOLATION) {', replace: "if (sqlState(error) === '') {" },
    ],
    specs: CONTRACT_SPECS,
  },
  {
    name: 'postgres-same-version-replaces',
    bug: 'a row replaces one of the same version in PostgreSQL',
    patches: [{ file: STORE, find: "if (Number(row['__version']) < (", replace: "if (Number(row['__version']) <= (" }],
    specs: FAILURE_SPECS,
  },
  {
    name: 'postgres-locks-for-ever',
    bug: 'a writer that stops in the middle of a transaction holds up all others for good',
    patches: [
      {
        file: `${POSTGRES}/connections.ts`,
        find: 'idle_in_transaction_session_timeout = ${2 * timeoutMs}',
        replace: 'idle_in_transaction_session_timeout = 0',
      },
    ],
    specs: FAILURE_SPECS,
  },
  {
    name: 'postgres-shape-is-bad-rows',
    bug: 'rows are called bad for a column whose type somebody has changed',
    patches: [{ file: `${POSTGRES}/postgres-error.ts`, find: ", '3F000', '22P03']", replace: ", '3F000']" }],
    specs: FAILURE_SPECS,
  },
  {
    name: 'postgres-groups-of-digits',
    bug: 'amounts that events have in minor units are ten thousand times as much in PostgreSQL',
    patches: [
      {
        file: `${POSTGRES}/numeric.ts`,
        find: '  groups.reverse();\n  const weight = groups.length - 1;',
        replace: '  groups.reverse();\n  const weight = groups.length;',
      },
    ],
    specs: [`${POSTGRES}/event-writers.spec.ts`],
  },
  {
    name: 'console-obeys',
    bug: 'what stands in an event can tell a terminal what to do',
    patches: [
      {
        file: `${CONSOLE}/cell-text.ts`,
        find: 'plainText(value, type).replace(CONTROL, escaped)',
        replace: 'plainText(value, type)',
      },
    ],
    specs: [`${CONSOLE}/console-sink.spec.ts`],
  },
  {
    name: 'console-part-for-whole',
    bug: 'a console that is to show whole windows forgets what stood in them',
    patches: [
      {
        file: `${CONSOLE}/window-board.ts`,
        find: 'const windows = this.tables.get(table) ?? new Map<number, OpenWindow>();',
        replace: 'const windows = new Map<number, OpenWindow>();',
      },
    ],
    specs: [`${CONSOLE}/console-sink.spec.ts`],
  },
];
