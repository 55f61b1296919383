import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { ValueMessage } from '@tillstream/contracts';
import { quoteName, quoteText } from '../sql/quote';
import { SqlRefusedError, guardSql, type SyntaxTree } from './sql-guard';
import type { SqlAnswer, SqlOutcome, SqlQuestion, SqlView } from './sql-question';
import { toValueMessage } from './sql-values';

/** What DuckDB takes beside what it counts, such as the text a function is building, is what the memory beyond its limit is for. */
const COUNTED_SHARE = 0.8;

/**
 * Answers a question in a database of its own that has nothing but the question's views, and cannot reach any other file, nor
 * the network, nor its own settings. `interrupted` ends it as soon as DuckDB looks up; a function that builds something very
 * large does not: who needs to be sure ends the process.
 */
export async function answerSql(question: SqlQuestion, interrupted?: AbortSignal): Promise<SqlOutcome> {
  const { limits } = question;
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(limits.threads),
    memory_limit: `${Math.floor(limits.memoryMiB * COUNTED_SHARE)}MiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  const timer = setTimeout(interrupt, limits.timeoutMs);
  interrupted?.addEventListener('abort', interrupt);
  try {
    guardSql(await syntaxTree(connection, question.sql), question.names);
    await shutIn(connection, question);
    return { kind: 'answer', answer: await answer(connection, question) };
  } catch (error) {
    return outcomeOf(error, question);
  } finally {
    clearTimeout(timer);
    interrupted?.removeEventListener('abort', interrupt);
    connection.closeSync();
    instance.closeSync();
  }
}

async function syntaxTree(connection: DuckDBConnection, sql: string): Promise<SyntaxTree> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql]);
  return JSON.parse(String(reader.getRows()[0]![0])) as SyntaxTree;
}

async function shutIn(connection: DuckDBConnection, { views, files }: SqlQuestion): Promise<void> {
  for (const view of views) await createView(connection, view);
  await connection.run(`SET TimeZone = 'UTC'`);
  await connection.run(`SET allowed_paths = [${files.map(quoteText).join(', ')}]`);
  await connection.run(`SET max_temp_directory_size = '0KiB'`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

async function createView(connection: DuckDBConnection, { name, body, cheaper = body }: SqlView): Promise<void> {
  const create = (as: string) => connection.run(`CREATE VIEW ${quoteName(name)} AS ${as}`);
  await create(cheaper).catch((error: unknown) => {
    if (cheaper === body || !messageOf(error).startsWith('Binder')) throw error;
    return create(body);
  });
}

async function answer(connection: DuckDBConnection, { sql, limits }: SqlQuestion): Promise<SqlAnswer> {
  const result = await connection.stream(sql);
  const names = result.columnNames();
  const types = result.columnTypes();
  const columns = types.map((type, i) => ({ name: names[i]!, type: type.toString() }));
  const rows: ValueMessage[][] = [];
  let bytes = 0;
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const values of chunk.getRows()) {
      if (rows.length >= limits.rows || bytes >= limits.bytes) return { columns, rows, truncated: true };
      const row = values.map((value, i) => toValueMessage(value, types[i]!));
      bytes += JSON.stringify(row).length;
      rows.push(row);
    }
  }
  return { columns, rows, truncated: false };
}

/** @throws what is nobody's fault who asks */
function outcomeOf(error: unknown, { limits }: SqlQuestion): SqlOutcome {
  if (error instanceof SqlRefusedError) return { kind: 'refused', message: error.message };
  const message = messageOf(error);
  if (message.startsWith('INTERRUPT')) return { kind: 'limit', what: 'time', message: timeLimitText(limits.timeoutMs) };
  if (message.startsWith('Out of Memory'))
    return { kind: 'limit', what: 'memory', message: memoryLimitText(limits.memoryMiB) };
  // A name that may be asked for, of which there is no table.
  const [, name] = /^Catalog Error: Table with name (\S+) does not exist/.exec(message) ?? [];
  if (name !== undefined) return { kind: 'refused', message: notYetText(name) };
  // What DuckDB says of names, types and values that do not go together.
  if (
    /^(Binder|Parser|Catalog|Conversion|Invalid Input|Invalid Type|Out of Range|Not implemented|Mismatch Type)/.test(
      message,
    )
  ) {
    return { kind: 'refused', message };
  }
  throw error;
}

/** Errors of DuckDB are made outside of what `instanceof` knows here. */
function messageOf(error: unknown): string {
  return String((error as { readonly message?: unknown }).message);
}

const notYetText = (name: string): string =>
  `the lake has no rows of ${name} yet: they stand there a minute after they came, unless \`roll\` in the stream file says otherwise`;

export const timeLimitText = (timeoutMs: number): string =>
  `the answer takes longer than ${timeoutMs / 1_000} s: ask for a shorter time, or for less of it`;

export const memoryLimitText = (memoryMiB: number): string =>
  `the answer takes more than ${memoryMiB} MiB: ask for a shorter time, or group by less`;
