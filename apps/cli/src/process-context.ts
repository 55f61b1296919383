import { once } from 'node:events';
import type { CliContext } from './cli-context';

const DEFAULT_COLUMNS = 100;
const DEFAULT_LINES = 40;

/** The real terminal. Ctrl-C asks the command to stop; a second one ends the process at once. */
export function createProcessContext(): CliContext {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  // `till … | head` closes the pipe early: that is the end of the work, not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    write: (text) => process.stdout.write(text),
    drained: async () => {
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
    },
    note: (text) => void process.stderr.write(text),
    isTerminal: process.stdout.isTTY === true,
    get columns() {
      return process.stdout.columns ?? DEFAULT_COLUMNS;
    },
    get lines() {
      return process.stdout.rows ?? DEFAULT_LINES;
    },
    environment: process.env,
    signal: stop.signal,
  };
}
