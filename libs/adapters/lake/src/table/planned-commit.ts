import { randomUUID } from 'node:crypto';
import { SinkOvertakenError, SinkRefusedError } from '@tillstream/engine';
import type { Action } from './delta-actions';
import { PROTOCOL } from './delta-actions';
import type { TypedColumn } from '../sql/column-type';
import { typeText } from './table-schema';
import type { TableChange, TableSnapshot } from './table-snapshot';

/**
 * A file that was put longer ago than this is not named any more: a vacuum may be about to remove it. So it is half of what vacuums
 * wait for, the other half is for clocks that differ.
 */
export const MAX_UNNAMED_MS = 12 * 60 * 60 * 1_000;

/**
 * The actions that make `change` of the table as it is now.
 *
 * @param table for messages
 * @throws SinkOvertakenError, SinkRefusedError; Error for a change that cannot be made of this table
 */
export function planCommit(now: TableSnapshot | null, change: TableChange, table: string, nowMs: number): Action[] {
  verifyPosition(now, change, table);
  verifyFiles(now, change, table);
  verifyAge(change, table, nowMs);
  const operation = change.dataChange ? (change.remove.length > 0 ? 'DELETE' : 'WRITE') : 'OPTIMIZE';
  const actions: Action[] = [{ kind: 'commit', id: randomUUID(), operation, nowMs }];
  if (now === null) actions.push({ kind: 'protocol', ...PROTOCOL });
  actions.push(...metadata(now, change, table, nowMs));
  const moved = change.position ?? change.restart;
  if (moved !== undefined) actions.push({ kind: 'position', appId: moved.appId, next: moved.next, nowMs });
  for (const path of change.remove) {
    actions.push({ kind: 'remove', path, removedMs: nowMs, dataChange: change.dataChange });
  }
  for (const file of change.add) actions.push({ kind: 'add', file, dataChange: change.dataChange });
  return actions;
}

function verifyPosition(now: TableSnapshot | null, { position }: TableChange, table: string): void {
  if (position === undefined) return;
  const stands = now?.positions.get(position.appId);
  if (stands !== undefined && stands !== position.from) {
    throw new SinkOvertakenError(
      `${table}: rows from ${position.from} on of ${position.appId} cannot follow, since the table stands at ${stands}`,
    );
  }
  if (position.next < position.from)
    throw new Error(`${table}: a range cannot end at ${position.next} before it begins`);
}

function verifyFiles(now: TableSnapshot | null, { add, remove }: TableChange, table: string): void {
  for (const path of remove) {
    if (now?.files.has(path) !== true)
      throw new Error(`${table}: ${path} is no part of the table, so it cannot be removed`);
  }
  for (const { path } of add) {
    if (now?.files.has(path) === true) throw new Error(`${table}: ${path} is a part of the table already`);
  }
}

function verifyAge({ add }: TableChange, table: string, nowMs: number): void {
  const old = add.find(({ addedMs }) => addedMs < nowMs - MAX_UNNAMED_MS);
  if (old === undefined) return;
  throw new SinkOvertakenError(`${table}: ${old.path} was put too long ago to become a part of the table`);
}

function metadata(now: TableSnapshot | null, change: TableChange, table: string, nowMs: number): Action[] {
  const columns = withColumns(now?.columns ?? [], change.columns ?? [], table);
  if (now !== null && columns.length === now.columns.length) return [];
  if (columns.length === 0) throw new Error(`${table}: a new table needs columns`);
  const identity = now?.identity ?? { id: randomUUID(), createdMs: nowMs, configuration: {} };
  const schema = { columns, partitionBy: now?.partitionBy ?? change.partitionBy ?? [] };
  return [{ kind: 'metadata', identity, schema }];
}

function withColumns(
  there: readonly TypedColumn[],
  wanted: readonly TypedColumn[],
  table: string,
): readonly TypedColumn[] {
  const columns = [...there];
  for (const column of wanted) {
    // Readers of such tables do not tell names apart by their case.
    const known = columns.find(({ name }) => name.toLowerCase() === column.name.toLowerCase());
    if (known === undefined) columns.push(column);
    else if (known.name !== column.name || typeText(known.type) !== typeText(column.type)) {
      throw new SinkRefusedError(
        `the table ${table} of the lake has a column ${known.name} (${typeText(known.type)}) already, so it cannot have ${column.name} ` +
          `(${typeText(column.type)}) as well. Give the field another name, or declare another place for the lake.`,
      );
    }
  }
  return columns;
}
