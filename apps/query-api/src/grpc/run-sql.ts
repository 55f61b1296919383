import { status } from '@grpc/grpc-js';
import type { RunSqlRequest, RunSqlResponse } from '@tillstream/contracts';
import { SinkUnavailableError } from '@tillstream/engine';
import { GrpcStatusError } from '@tillstream/nest-runtime';
import { NoLakeError, type SqlSource } from '../sql/sql-source';
import { invalid } from './refusals';
import type { FollowedStream } from './streams';

const MAX_SQL_CHARACTERS = 100_000;

/** One SELECT over what the lake has of a stream. @throws GrpcStatusError */
export async function runSql(
  { stream }: FollowedStream,
  { sql, maxRows }: RunSqlRequest,
  source: SqlSource,
  signal: AbortSignal,
): Promise<RunSqlResponse> {
  if (sql.length > MAX_SQL_CHARACTERS) throw invalid(`SQL must have at most ${MAX_SQL_CHARACTERS} characters`);
  const outcome = await source.answer(sql, stream.definition, maxRows, signal).catch((error: unknown) => {
    if (error instanceof NoLakeError) throw new GrpcStatusError(status.FAILED_PRECONDITION, error.message);
    if (error instanceof SinkUnavailableError) throw new GrpcStatusError(status.UNAVAILABLE, error.message);
    throw error;
  });
  if (outcome === null) {
    throw new GrpcStatusError(status.RESOURCE_EXHAUSTED, 'others are asking in SQL: ask again in a moment');
  }
  switch (outcome.kind) {
    case 'answer': {
      const { columns, rows: values, truncated } = outcome.answer;
      return { columns, rows: values.map((row) => ({ values: row })), truncated };
    }
    case 'refused':
      throw invalid(outcome.message);
    case 'limit':
      throw new GrpcStatusError(
        outcome.what === 'time' ? status.DEADLINE_EXCEEDED : status.RESOURCE_EXHAUSTED,
        outcome.message,
      );
  }
}
