import type { StreamDefinition } from '@tillstream/contracts';
import { decodeRawRecord } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { recordsBetween } from '../task/log-tail';
import { lastBatch } from '../task/readable-batch';

/** How many records of a raw partition are searched for its first `definition` when nothing has been enriched yet. */
const SEARCHED_RECORDS = 1_000;

/**
 * Compares a stream file with the `definition` its topics were created for.
 * @returns what is wrong, one sentence per partition; empty when the file is the right one.
 */
export async function verifyDefinition(reader: LogReader, definition: StreamDefinition): Promise<string[]> {
  const partitions = Array.from({ length: definition.schema.partitions }, (_, partition) => partition);
  const found = await Promise.all(partitions.map((partition) => definitionInLog(reader, definition, partition)));
  return partitions.flatMap((partition) => {
    const sha256 = found[partition] ?? '';
    if (sha256 === '' || sha256 === definition.sha256) return [];
    return [
      `${definition.file}: ${definition.topics.raw}/${partition} was created for another stream file (definition ` +
        `${sha256.slice(0, 12)}…, this file is ${definition.sha256.slice(0, 12)}…): use the file it was created for, or ` +
        'another stream name',
    ];
  });
}

/** The definition that stands newest in a partition, as far as the enricher has come; '' when none does. */
export async function definitionInLog(
  reader: LogReader,
  definition: StreamDefinition,
  partition: number,
): Promise<string> {
  const { raw } = definition.topics;
  const tail = await lastBatch(reader, definition, partition);
  const reached = tail?.batch.after.definition ?? '';
  if (reached !== '') return reached;
  const begin = await reader.begin(raw, partition);
  const end = Math.min(await reader.end(raw, partition), begin + SEARCHED_RECORDS);
  for await (const record of recordsBetween(reader, raw, partition, begin, end)) {
    const { control } = decodeRawRecord(record);
    if (control?.kind === 'definition') return control.sha256;
  }
  return '';
}
