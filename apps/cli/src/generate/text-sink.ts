import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { CliError, type CliContext } from '../cli-context';
import type { ShopRow } from '@tillstream/shop-events';
import type { RowSink } from './row-sink';

const asLines = (rows: readonly ShopRow[]): string => rows.map((row) => `${row.text}\n`).join('');

/** One row a line on standard output, no faster than it is read. */
export function createOutputSink(context: CliContext): RowSink {
  return {
    parallel: 1,
    send: async (rows) => {
      if (!context.write(asLines(rows))) await context.drained();
      return { accepted: rows.length, rejected: {} };
    },
    close: () => context.drained(),
  };
}

/** One row a line in a file that is begun anew. */
export async function createFileSink(path: string): Promise<RowSink> {
  const file = createWriteStream(path);
  await once(file, 'open').catch((error: unknown) => {
    throw new CliError(`cannot write ${path}: ${(error as Error).message}`);
  });
  return {
    parallel: 1,
    send: async (rows) => {
      if (!file.write(asLines(rows))) await once(file, 'drain');
      return { accepted: rows.length, rejected: {} };
    },
    close: async () => {
      file.end();
      await finished(file);
    },
  };
}
