import type { PlantedBug } from '../bug';

const RESTORE = 'libs/engine/src/stored/restore-records.ts';
const VERIFY = 'libs/engine/src/stored/verify-stored.ts';
const RESTART = 'apps/cli/src/lake/restart-chains.ts';
const RESTORE_SPECS = ['libs/engine/src/stored/restore-records.spec.ts'];
const VERIFY_SPECS = ['libs/engine/src/stored/verify-stored.spec.ts'];

/** Stores outside that are compared with the log, and topics that are given back what these have kept. */
export const restoringBugs: readonly PlantedBug[] = [
  {
    name: 'restore-again',
    bug: 'what stands in a topic is restored once more',
    patches: [
      {
        file: RESTORE,
        find: 'if (key !== null && value !== null) table.add(partition, key, value, offset, 0);',
        replace: 'void [table, key, value, offset];',
      },
    ],
    specs: RESTORE_SPECS,
  },
  {
    name: 'restore-over-others',
    bug: 'a record is restored over another one of its key',
    patches: [{ file: RESTORE, find: "if (verdict !== 'missing') throw", replace: 'if (verdict === null) throw' }],
    specs: RESTORE_SPECS,
  },
  {
    name: 'restore-elsewhere',
    bug: 'records are restored to the partition of the ones before them',
    patches: [
      {
        file: RESTORE,
        find: 'if (record.partition !== partition || bytes +',
        replace: 'if ((partition < 0 && record.partition !== partition) || bytes +',
      },
      {
        file: RESTORE,
        find: '      partition = record.partition;',
        replace: '      if (partition < 0) partition = record.partition;',
      },
    ],
    specs: RESTORE_SPECS,
  },
  {
    name: 'store-verified-awaits-everything',
    bug: 'a row that a store lacks is taken for one that it has not come to',
    patches: [{ file: VERIFY, find: 'else if (row.offset >= next) ', replace: 'else if (row.offset >= 0) ' }],
    specs: VERIFY_SPECS,
  },
  {
    name: 'store-verified-keeps-surplus',
    bug: 'a row that the log has never had is taken for one that it no longer has',
    patches: [{ file: VERIFY, find: 'if (offset < (begins[partition] ?? 0))', replace: 'if (begins.length > 0)' }],
    specs: VERIFY_SPECS,
  },
  {
    name: 'store-verified-sees-one-copy',
    bug: 'nobody notices that a store has a row more than once',
    patches: [{ file: VERIFY, find: 'else if (table.count === known) ', replace: 'else if (table.count < known) ' }],
    specs: VERIFY_SPECS,
  },
  {
    name: 'restore-keeps-positions',
    bug: 'the lake goes on at the position of a topic that was made anew since',
    patches: [{ file: RESTART, find: 'stands <= end) return null;', replace: 'stands >= 0) return null;' }],
    specs: ['apps/cli/src/lake/restart-chains.spec.ts'],
  },
];
