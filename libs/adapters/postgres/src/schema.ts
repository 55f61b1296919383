import type { FeedColumn, FeedTable } from '@tillstream/contracts';
import type { TaskLog } from '@tillstream/engine';
import { SinkRefusedError } from '@tillstream/engine';
import type { Session } from './connections';
import { SQL_TYPES } from './value-writers';
import { columnName, quoted, tableName, viewName } from './table-names';

/** Where a sink has got to: moved in the transaction that stores the rows. */
export const PROGRESS = '_tillstream_progress';

/** A feed's rows carry their id and their version here: no declared name begins with two underscores. */
const OWN_COLUMNS = [
  { name: '__id', type: 'text', more: ' COLLATE "C" PRIMARY KEY' },
  { name: '__version', type: 'bigint', more: ' NOT NULL' },
] as const;

interface FoundColumn {
  readonly type: string;
  /** It must be given a value, and nobody gives it one. */
  readonly isDemanded: boolean;
}

/** The schema with the table of progress. May be called by several at once. */
export async function makeSchema(session: Session, schema: string): Promise<void> {
  const [found] = await session.query(
    'SELECT to_regclass($1) IS NOT NULL AS all, to_regnamespace($2) IS NOT NULL AS own',
    [`${quoted(schema)}.${quoted(PROGRESS)}`, quoted(schema)],
  );
  if (found?.['all'] === true) return;
  await lockShape(session, schema);
  // Asked for only when it is not there: whoever may not make schemas may still use one that was made for him.
  if (found?.['own'] !== true) await session.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
  await session.query(
    `CREATE TABLE IF NOT EXISTS ${quoted(schema)}.${quoted(PROGRESS)} (` +
      'sink text, feed text, partition integer, next bigint NOT NULL, ' +
      'stored_at timestamp with time zone NOT NULL DEFAULT now(), PRIMARY KEY (sink, feed, partition))',
  );
}

/**
 * Tables that rows of these shapes can be stored in: made, or given the columns they lack.
 *
 * @throws SinkRefusedError when one is there in another shape, with the remedy
 */
export async function makeTables(
  session: Session,
  schema: string,
  tables: readonly FeedTable[],
  log: TaskLog,
): Promise<void> {
  if (!(await areAsWanted(session, schema, tables))) {
    await lockShape(session, schema);
    for (const table of tables) {
      await makeTable(session, schema, table, (await foundColumns(session, schema)).get(tableName(table)) ?? null);
    }
  }
  for (const table of tables) await showMetric(session, schema, table, log);
}

async function areAsWanted(session: Session, schema: string, tables: readonly FeedTable[]): Promise<boolean> {
  const found = await foundColumns(session, schema);
  return tables.every((table) => {
    const columns = found.get(tableName(table));
    return columns !== undefined && changesOf(schema, table, columns).length === 0;
  });
}

async function makeTable(
  session: Session,
  schema: string,
  table: FeedTable,
  found: ReadonlyMap<string, FoundColumn> | null,
): Promise<void> {
  if (found !== null) {
    for (const change of changesOf(schema, table, found)) await session.query(change);
    return;
  }
  const own = OWN_COLUMNS.map(({ name, type, more }) => `${name} ${type}${more}`);
  const columns = table.columns.map(({ name, type }) => `${quoted(columnName(name))} ${SQL_TYPES[type]}`);
  await session.query(`CREATE TABLE ${full(schema, table)} (${[...own, ...columns].join(', ')})`);
}

/** What a table lacks, as statements. */
function changesOf(schema: string, table: FeedTable, found: ReadonlyMap<string, FoundColumn>): readonly string[] {
  const name = full(schema, table);
  const lost = OWN_COLUMNS.find((column) => found.get(column.name)?.type !== column.type);
  if (lost !== undefined) {
    throw new SinkRefusedError(
      `${name} has no column ${lost.name} of type ${lost.type}, so it is not a table of this sink: rename or drop it, and it is made anew`,
    );
  }
  const wanted = new Map(table.columns.map((column) => [columnName(column.name), column]));
  for (const [column, { isDemanded }] of found) {
    if (isDemanded && !wanted.has(column) && !OWN_COLUMNS.some((own) => own.name === column)) {
      throw new SinkRefusedError(
        `${name} demands a value of column ${quoted(column)}, which is not of this sink: ` +
          `ALTER TABLE ${name} ALTER COLUMN ${quoted(column)} DROP NOT NULL, or give it a default`,
      );
    }
  }
  return [...wanted].flatMap(([column, { type }]) => {
    const there = found.get(column)?.type;
    if (there === undefined) return `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${quoted(column)} ${SQL_TYPES[type]}`;
    if (there === SQL_TYPES[type] || (type === 'string' && there === 'character varying')) return [];
    throw new SinkRefusedError(
      `${name} has a column ${quoted(column)} of type ${there}, not ${SQL_TYPES[type]}: ` +
        `ALTER TABLE ${name} ALTER COLUMN ${quoted(column)} TYPE ${SQL_TYPES[type]}, or rename the column: it is made anew`,
    );
  });
}

async function foundColumns(
  session: Session,
  schema: string,
): Promise<ReadonlyMap<string, ReadonlyMap<string, FoundColumn>>> {
  const rows = await session.query(
    `SELECT c.relname AS of, a.attname AS name, regexp_replace(format_type(a.atttypid, a.atttypmod), '\\(.*\\)', '') AS type,
       a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS demanded
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped`,
    [schema],
  );
  const tables = new Map<string, Map<string, FoundColumn>>();
  for (const { of, name, type, demanded } of rows as { of: string; name: string; type: string; demanded: boolean }[]) {
    const columns = tables.get(of) ?? new Map<string, FoundColumn>();
    tables.set(of, columns.set(name, { type, isDemanded: demanded }));
  }
  return tables;
}

/**
 * A view that has the metric's name, whatever its table is called. One that somebody has built another on stays as it is, and the
 * log says so: rows are stored all the same.
 */
async function showMetric(session: Session, schema: string, table: FeedTable, log: TaskLog): Promise<void> {
  const view = viewName(table);
  if (view === null) return;
  const name = `${quoted(schema)}.${quoted(view)}`;
  const mark = `${table.name} ${table.columns.length}`;
  const [found] = await session.query(`SELECT obj_description(to_regclass($1), 'pg_class') AS mark`, [name]);
  if (found?.['mark'] === mark) return;
  const columns = table.columns.map((column: FeedColumn) => quoted(columnName(column.name))).join(', ');
  await lockShape(session, schema);
  await session.query('SAVEPOINT view');
  try {
    await session.query(
      `DROP VIEW IF EXISTS ${name}; CREATE VIEW ${name} AS SELECT ${columns} FROM ${full(schema, table)};` +
        `COMMENT ON VIEW ${name} IS '${mark}'`,
    );
  } catch (cause) {
    await session.query('ROLLBACK TO view');
    log.warn('postgres_view_kept', { view: name, table: tableName(table), reason: (cause as Error).message });
  }
}

/** Of those who would make the same at once the others wait, until the end of this transaction. */
async function lockShape(session: Session, schema: string): Promise<void> {
  await session.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`tillstream ${schema}`]);
}

function full(schema: string, table: Pick<FeedTable, 'name'>): string {
  return `${quoted(schema)}.${quoted(tableName(table))}`;
}
