import type { BatchPosition } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import { newestFirst } from '../task/log-tail';
import { readableBatch } from '../task/readable-batch';

/** The newest batch of rows of a partition. */
export interface RowsTail {
  /** Through here everything has been said. */
  readonly rawNext: number;
  readonly after: BatchPosition;
}

/** Of what a partition's rows are made; null: there is no batch of it, or it was never declared. */
export interface RowsTails {
  readonly sessions: RowsTail | null;
  readonly attribution: RowsTail | null;
}

/** Reads where the log's batches of rows end. */
export async function readRowsTails(
  reader: LogReader,
  { topics }: StreamDefinition,
  history: DefinitionHistory,
  partition: number,
): Promise<RowsTails> {
  const definitions = history.definitions();
  const tailOf = (topic: string, isDeclared: boolean): Promise<RowsTail | null> =>
    isDeclared ? readTail(reader, topic, partition) : Promise.resolve(null);
  const [sessions, attribution] = await Promise.all([
    tailOf(
      topics.sessionRows,
      definitions.some((one) => one.sessions !== undefined),
    ),
    tailOf(
      topics.attributionRows,
      definitions.some((one) => one.attribution !== undefined),
    ),
  ]);
  return { sessions, attribution };
}

async function readTail(reader: LogReader, topic: string, partition: number): Promise<RowsTail | null> {
  for await (const record of newestFirst(reader, topic, partition)) {
    const batch = readableBatch(record);
    if (batch) return { rawNext: batch.rawNext, after: batch.after };
  }
  return null;
}
