import { type ControlDecision, encodeControl, type StreamDefinition } from '@tillstream/contracts';
import { lastBatch, type LogReader, type LogWriter } from '@tillstream/engine';

const partitionsOf = ({ schema }: StreamDefinition): number[] =>
  Array.from({ length: schema.partitions }, (_, partition) => partition);

/** Writes a decision into every raw partition; resolves when all are in the log. */
export async function decideEverywhere(
  writer: LogWriter,
  definition: StreamDefinition,
  decision: ControlDecision,
): Promise<void> {
  const record = encodeControl(decision);
  const appends = partitionsOf(definition).map((partition) =>
    writer.append(definition.topics.raw, partition, [record]),
  );
  const outcomes = await Promise.allSettled(appends);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** How far the enricher has come in one partition. */
export interface PartitionProgress {
  readonly partition: number;
  /** -Infinity: it has not had an event. */
  readonly watermarkInputMs: number;
  /** Raw records that have not been enriched. */
  readonly behind: number;
}

/** Reads what the newest batch of each enriched partition says. */
export async function readProgress(reader: LogReader, definition: StreamDefinition): Promise<PartitionProgress[]> {
  const { raw } = definition.topics;
  return Promise.all(
    partitionsOf(definition).map(async (partition) => {
      const batch = (await lastBatch(reader, definition, partition))?.batch;
      const [begin, end] = await Promise.all([reader.begin(raw, partition), reader.end(raw, partition)]);
      return {
        partition,
        watermarkInputMs: batch?.after.watermarkInputMs ?? -Infinity,
        behind: Math.max(0, end - Math.max(begin, batch?.rawNext ?? 0)),
      };
    }),
  );
}
