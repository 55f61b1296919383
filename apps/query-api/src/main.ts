import { tracing } from './tracing';
import { runService } from '@tillstream/nest-runtime';
import { startQueryApi } from './start-query-api';

function endProcess(error: unknown): void {
  // Where nobody can catch it, the runtime logs it and ends the process.
  setImmediate(() => {
    throw error;
  });
}

void runService(() => startQueryApi(process.env, tracing, endProcess));
