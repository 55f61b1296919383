import type { PlantedBug } from '../bug';

const FEEDS = 'libs/contracts/src/feeds';
const DECODER_SPECS = [`${FEEDS}/feed-decoder.spec.ts`];
const SELECTION_SPECS = [`${FEEDS}/feed-selection.spec.ts`];

/** What of a stream is given to stores outside, and in which form. */
export const feedBugs: readonly PlantedBug[] = [
  {
    name: 'columns-called-alike',
    bug: 'two columns of a store outside are told apart by upper and lower case alone',
    patches: [
      {
        file: `${FEEDS}/unique-names.ts`,
        find: 'taken.has(name.toLowerCase())',
        replace: 'taken.has(name)',
      },
      { file: `${FEEDS}/unique-names.ts`, find: 'taken.add(name.toLowerCase());', replace: 'taken.add(name);' },
    ],
    specs: [`${FEEDS}/feed-tables.spec.ts`],
  },
  {
    name: 'provisional-stored',
    bug: 'provisional results are stored outside as if they were final',
    patches: [
      {
        file: `${FEEDS}/decode-finals.ts`,
        find: 'value === null || key[0] !== FINAL)',
        replace: 'value === null || FINAL === null)',
      },
      {
        file: `${FEEDS}/decode-finals.ts`,
        find: "result.kind !== 'result' || !result.final)",
        replace: "result.kind !== 'result')",
      },
    ],
    specs: DECODER_SPECS,
  },
  {
    name: 'undeclared-finals-dropped',
    bug: 'finals of metrics that the file does not declare any more are not stored outside',
    patches: [
      {
        file: `${FEEDS}/decode-finals.ts`,
        find: 'const table = tables.get(result.identity) ?? undeclared;',
        replace:
          'const table = tables.get(result.identity) as typeof undeclared;\n    if (table === undefined) return [];',
      },
    ],
    specs: DECODER_SPECS,
  },
  {
    name: 'late-rows-in-one-place',
    bug: 'late rows of one record stand in one place',
    patches: [
      {
        file: `${FEEDS}/decode-late.ts`,
        find: '...{ partition, offset, index },',
        replace: '...{ partition, offset, index: index * 0 },',
      },
    ],
    specs: DECODER_SPECS,
  },
  {
    name: 'letter-by-its-own-time',
    bug: 'two copies of a dead letter are of two days, by when they were written',
    patches: [
      {
        file: `${FEEDS}/decode-dead-letters.ts`,
        find: 'letter.appendMs ?? record.timestampMs',
        replace: 'record.timestampMs',
      },
    ],
    specs: DECODER_SPECS,
  },
  {
    name: 'event-of-wrong-record',
    bug: 'an event behind a raw record without rows is told to stand in that record',
    patches: [
      {
        file: `${FEEDS}/event-rows.ts`,
        find: 'while (at >= end)',
        replace: 'if (at >= end)',
      },
    ],
    specs: [`${FEEDS}/event-rows.spec.ts`],
  },
  {
    name: 'overlap-given-twice',
    bug: 'of a batch that a sink has half, all is given to it once more',
    patches: [
      {
        file: `${FEEDS}/feed-selection.ts`,
        find: 'const first = firstRowAt(batch, from);',
        replace: 'const first = firstRowAt(batch, Math.min(from, batch.rawFrom));',
      },
    ],
    specs: SELECTION_SPECS,
  },
  {
    name: 'filter-behind-columns',
    bug: 'a filter of a sink looks at the columns that are left, and not at all',
    patches: [
      {
        file: `${FEEDS}/feed-selection.ts`,
        find: 'const held = condition(this.columnsOfRows(wanted));',
        replace:
          'const held = condition(this.columnsOfRows(kept === null ? wanted : wanted.map((row) => withValues(row, kept.get(row.table) ?? []))));',
      },
    ],
    specs: SELECTION_SPECS,
  },
  {
    name: 'filter-of-amount-texts',
    bug: 'a filter of a sink takes amounts for the texts that stores are given',
    patches: [
      {
        file: `${FEEDS}/field-values.ts`,
        find: '(parseMoney(value, moneyExponent)?.minor ?? null)',
        replace: '(parseMoney(value, moneyExponent) && Number(value))',
      },
    ],
    specs: SELECTION_SPECS,
  },
  {
    name: 'refused-row-of-any-sink',
    bug: 'what one sink has refused stands in the place of what another has',
    patches: [
      {
        file: 'libs/contracts/src/sink-dead-letters/sink-dead-letter-record.ts',
        find: '`${sink}|${feed}|${id}`',
        replace: '`${feed}|${id}`',
      },
    ],
    specs: ['libs/contracts/src/sink-dead-letters/sink-dead-letter-record.spec.ts'],
  },
  {
    name: 'sinks-are-the-stream',
    bug: 'a stream file with other sinks is of another stream',
    patches: [
      {
        file: 'libs/contracts/src/stream-file/identity.ts',
        find: 'rolesOf({ sessions, attribution })',
        replace: "rolesOf({ sessions, attribution, sinks: [{ type: 'webhook' }] })",
      },
    ],
    specs: ['libs/contracts/src/stream-file/sink-section.spec.ts'],
  },
  {
    name: 'password-in-file',
    bug: 'the address of a store with its password is taken from a file that many read',
    patches: [
      {
        file: 'libs/contracts/src/stream-file/sink-section.ts',
        find: 'if (!/^[a-z0-9+]+:\\/\\/[^/?#]*@/i.test(text)) return text;',
        replace: 'if (text !== null) return text;',
      },
    ],
    specs: ['libs/contracts/src/stream-file/wrong-files.spec.ts'],
  },
];
