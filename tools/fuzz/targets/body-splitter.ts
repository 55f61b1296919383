import { BodySplitter } from '@tillstream/core';
import { partitionOfKey } from '../../oracle/raw/murmur2';

import { readRow } from '../../oracle/raw/read-row';
import { isJson, rowTextsOf } from '../../oracle/raw/row-texts';
import { expectSame, type FuzzTarget } from '../fuzz-target';

import { everyTypeSchema, JSON_WORDS, plainEveryType, rowTexts } from './commerce';

const NDJSON = 0x6e;
const WHITE = /^[ \t\n\r]+|[ \t\n\r]+$/g;

const schema = everyTypeSchema();
const splitter = new BodySplitter(schema);

/** Null: the body as a whole is refused. Each row as one character per byte, or null where it is no JSON. */
function rowsOf(body: Uint8Array, lines: boolean): readonly (string | null)[] | null {
  const text = Buffer.from(body)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .replace(WHITE, '');
  if (text === '') return null;
  if (lines) {
    const single = isJson(text) ? [text] : text.split('\n').map((line) => line.replace(WHITE, ''));
    return single.filter((line) => line !== '').map((line) => (isJson(line) ? line : null));
  }
  if (text.startsWith('{')) return [isJson(text) ? text : null];
  return text.startsWith('[') && isJson(text) ? elements(text) : null;
}

/** The texts of the elements, found the slow way: the shortest prefixes that are JSON and end before a comma. */
function elements(array: string): string[] {
  const inside = array.slice(1, -1).replace(WHITE, '');
  const found: string[] = [];
  let from = 0;
  for (let at = 0; at <= inside.length; at++) {
    if (at < inside.length && inside[at] !== ',') continue;
    const element = inside.slice(from, at).replace(WHITE, '');
    if (!isJson(element)) continue;
    found.push(element);
    from = at + 1;
  }
  return found;
}

function run(input: Uint8Array): void {
  // The first byte says in which of the two forms the rest is sent.
  const lines = input[0] === NDJSON;
  const body = input.subarray(1);
  const rejected: [number, string][] = [];
  const records = new Map<number, string[]>();
  const rows = rowsOf(body, lines);
  if (rows === null) rejected.push([-1, 'malformed-json']);
  for (const [index, row] of (rows ?? []).entries()) {
    const texts = row === null ? null : rowTextsOf(Buffer.from(`[${row}]`, 'latin1'));
    const text = texts?.kind === 'rows' ? texts.rows[0] : undefined;
    const read = text === undefined ? null : readRow(plainEveryType, text);
    if (row === null || read === null) rejected.push([index, 'malformed-json']);
    else if (read.kind === 'invalid') rejected.push([index, read.code]);
    else {
      const partition = partitionOfKey(read.key, schema.partitions);
      records.set(partition, [...(records.get(partition) ?? []), row]);
    }
  }

  const split = splitter.split(body, lines ? 'ndjson' : 'json');
  expectSame(
    'rejected',
    split.rejected.map(({ index, code }) => [index, code]),
    rejected,
  );
  const places = rejected.map(([index]) => index).filter((index) => index >= 0);
  expectSame('rejected indexes', [...split.rejectedIndexes], places);
  expectSame(
    'records',
    split.records.map(({ partition, rows: count, value }) => [partition, count, Buffer.from(value).toString('latin1')]),
    [...records].map(([partition, texts]) => [partition, texts.length, `[${texts.join(',')}]`]),
  );
}

function seeds(): Uint8Array[] {
  const rows = rowTexts(40, 2);
  return [
    ...rows.slice(0, 16).map((row) => `j${row}`),
    `j[${rows.slice(0, 5).join(' , ')}]`,
    'j[]',
    `n${rows.slice(5, 12).join('\n')}\n`,
    `n${rows.slice(12, 20).join('\r\n\n')}`,
    `n[1]\n${rows[21]}\n"text"\n\n{}`,
    `n{\n"user_id":\n1}\n`,
  ].map((text) => Buffer.from(text, 'latin1'));
}

export const target: FuzzTarget = {
  name: 'body-splitter',
  about: 'bodies of events: what is refused, with which code and place, and the bytes of what goes where',
  maxBytes: 4_096,
  dictionary: JSON_WORDS,
  seeds,
  run,
};
