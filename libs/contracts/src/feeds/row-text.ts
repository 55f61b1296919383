import type { FeedColumn, FeedColumnType, FeedRow, FeedTable, FeedValue } from './feed';

/** A value as two stores can be compared by it: instants in epoch ms, amounts as text, what is neither text nor number as JSON. */
export type PlainValue = null | string | number | boolean;

/** The columns that rows of all tables of a feed have, which is all of them but for those of single metrics. */
export function sharedColumns(tables: readonly FeedTable[]): readonly FeedColumn[] {
  const [first, ...others] = tables;
  const inAll = ({ name }: FeedColumn): boolean =>
    others.every(({ columns }) => columns.some((column) => column.name === name));
  return (first?.columns ?? []).filter(inAll);
}

/** A row as text: of equal rows, whoever has stored them, it is equal. The record is a part of it, byte for byte. */
export function rowText(values: readonly PlainValue[], record: string | null): string {
  return JSON.stringify([...values, record]);
}

/** `rowText` of a row as it comes out of the log. */
export function feedRowText({ values, record }: FeedRow, columns: readonly FeedColumn[]): string {
  const plain = columns.map(({ name, type }) => plainValue(values[name] ?? null, type));
  return rowText(
    plain,
    record === null ? null : Buffer.from(record.buffer, record.byteOffset, record.length).toString('utf8'),
  );
}

function plainValue(value: FeedValue, type: FeedColumnType): PlainValue {
  if (value === null) return null;
  if (type === 'json') return JSON.stringify(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
