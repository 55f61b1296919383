import type { PlantedBug } from '../bug';

const SEARCH = 'libs/adapters/opensearch/src';
const PARTITION = `${SEARCH}/opensearch-partition.ts`;
const ANSWER = `${SEARCH}/bulk-answer.ts`;
const PARTITION_SPEC = [`${SEARCH}/opensearch-partition.spec.ts`];
const HOOK = 'libs/adapters/webhook/src';
const HOOK_SPEC = [`${HOOK}/webhook-sink.spec.ts`];

/** Rows that OpenSearch does not get, or not once, and deliveries that webhooks do not get. */
export const searchingBugs: readonly PlantedBug[] = [
  {
    name: 'search-later-is-stored',
    bug: 'rows that OpenSearch does not take now are passed',
    patches: [
      {
        file: PARTITION,
        find: "if (fate.kind !== 'later' && fate.kind !== 'blocked') waits[at] = 0;",
        replace: 'waits[at] = 0;',
      },
    ],
    specs: PARTITION_SPEC,
  },
  {
    name: 'search-replay-is-refused',
    bug: 'a row that OpenSearch has already stops its sink',
    patches: [
      {
        file: ANSWER,
        find: "if (status === 409 && type === 'version_conflict_engine_exception') return THERE;",
        replace: '',
      },
    ],
    specs: PARTITION_SPEC,
  },
  {
    name: 'search-there-is-not-safe',
    bug: 'a row that OpenSearch has already is taken for stored before the store has it on its disk',
    patches: [
      {
        file: 'libs/adapters/opensearch/src/opensearch-partition.ts',
        find: "if (fate.kind === 'there') there.push(at);",
        replace: '',
      },
    ],
    specs: PARTITION_SPEC,
  },
  {
    name: 'search-blames-rows',
    bug: 'rows are called bad for what OpenSearch says of their index or their writer',
    patches: [
      { file: ANSWER, find: 'return status === 400 && OF_A_DOCUMENT.has(type) ?', replace: 'return status >= 400 ?' },
    ],
    specs: PARTITION_SPEC,
  },
  {
    name: 'search-blames-rows-for-mapping',
    bug: 'rows are called bad for the mapping of their index',
    patches: [{ file: PARTITION, find: 'await this.checkIndexesOf(refusals.keys());', replace: '' }],
    specs: PARTITION_SPEC,
  },
  {
    name: 'search-forgets-refused',
    bug: 'rows that OpenSearch refuses are forgotten before they are kept',
    patches: [
      {
        file: PARTITION,
        find: 'await keep(this.refused);\n    this.refused = [];',
        replace: 'const { refused } = this;\n    this.refused = [];\n    await keep(refused);',
      },
    ],
    specs: PARTITION_SPEC,
  },
  {
    name: 'search-any-answer',
    bug: 'an answer to other rows is taken for one to these',
    patches: [{ file: ANSWER, find: ' || items.length !== rows', replace: '' }],
    specs: PARTITION_SPEC,
  },
  {
    name: 'search-cuts-ids',
    bug: 'two rows whose long ids begin alike are one in OpenSearch',
    patches: [
      {
        file: `${SEARCH}/document-id.ts`,
        find: ".update(id).digest('base64url')",
        replace: ".update(id.slice(0, KEPT_CHARACTERS)).digest('base64url')",
      },
    ],
    specs: PARTITION_SPEC,
  },
  {
    name: 'search-indexes-alike',
    bug: 'the indexes of metrics that are not declared any more are told by a pattern that matches those of all others',
    patches: [{ file: `${SEARCH}/index-names.ts`, find: "? 'finals-undeclared'", replace: "? 'finals'" }],
    specs: [`${SEARCH}/mapping.spec.ts`],
  },
  {
    name: 'hook-passes-unanswered',
    bug: 'a delivery without an answer counts as taken',
    patches: [
      {
        file: `${HOOK}/webhook-partition.ts`,
        find: 'const answer = await this.receiver.post(delivery);',
        replace:
          'this.deliveries.shift();\n    const answer = await this.receiver.post(delivery);\n    this.deliveries.unshift(delivery);',
      },
    ],
    specs: HOOK_SPEC,
  },
  {
    name: 'hook-other-id',
    bug: 'a delivery has another id of each process that makes it',
    patches: [
      { file: `${HOOK}/delivery.ts`, find: '.update(list)', replace: '.update(`${list}${process.hrtime.bigint()}`)' },
    ],
    specs: HOOK_SPEC,
  },
  {
    name: 'hook-signature-without-time',
    bug: 'a delivery that somebody has recorded can be sent again for ever',
    patches: [{ file: `${HOOK}/signature.ts`, find: '.update(`${seconds}.`)', replace: '' }],
    specs: HOOK_SPEC,
  },
  {
    name: 'hook-blames-all',
    bug: 'all rows of a delivery are called bad for one of them',
    patches: [
      {
        file: `${HOOK}/webhook-partition.ts`,
        find: 'delivery.rows.length > 1)',
        replace: 'delivery.rows.length > 1e6)',
      },
    ],
    specs: HOOK_SPEC,
  },
];
