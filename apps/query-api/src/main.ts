import { tracing } from './tracing';
import { runConfigured } from '@tillstream/nest-runtime';
import { queryApiConfiguration } from './config';
import { startQueryApi } from './start-query-api';
import { SQL_ARGUMENT, answerSqlQuestions } from './sql/sql-child';

function endProcess(error: unknown): void {
  // Where nobody can catch it, the runtime logs it and ends the process.
  setImmediate(() => {
    throw error;
  });
}

if (process.argv[2] === SQL_ARGUMENT) answerSqlQuestions();
else
  void runConfigured(queryApiConfiguration, process.env, (environment) =>
    startQueryApi(environment, tracing, endProcess),
  );
