import { RejectMessages } from '../enrich/reject-message';
import type { RejectCode } from '../enrich/types';
import type { StreamSchema } from '../stream/schema';

import { RecordReader, type TextForm } from './record-reader';
import { RowReader } from './row-reader';
import { ABSENT, NUMBER } from './row-registers';

/** What the reader made of one row: its values by name, or why not. */
export type ReadRow =
  { readonly values: Readonly<Record<string, string | number>> } | { readonly code: RejectCode; readonly path: string };

/** What the reader made of a record. */
export interface ReadRecord {
  readonly code: RejectCode | null;
  readonly rows: readonly ReadRow[];
}

/** Reads a whole record into plain objects, for tests. */
export function readRows(schema: StreamSchema, value: Uint8Array, form: TextForm = 'raw'): ReadRecord {
  return readWith(new RowReader(schema), value, form);
}

export function readWith(reader: RowReader, value: Uint8Array, form: TextForm = 'raw'): ReadRecord {
  const record = new RecordReader(reader);
  const rows: ReadRow[] = [];
  record.open(value, form);
  while (record.next()) rows.push(rowOf(reader));
  return { code: record.code, rows: record.code === null ? rows : [] };
}

function rowOf(reader: RowReader): ReadRow {
  const { registers, schema, code, problemSlot } = reader;
  if (code !== null) return { code, path: new RejectMessages(schema).path(problemSlot) };
  const values: Record<string, string | number> = {};
  schema.fields.forEach(({ name }, slot) => {
    const at = registers.base + slot;
    if (registers.status[at] === ABSENT) return;
    values[name] =
      registers.status[at] !== NUMBER
        ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
            reader.values.bytesOf(slot).subarray(registers.start[at], registers.end[at]),
          )
        : (registers.number[at] as number);
  });
  return { values };
}
