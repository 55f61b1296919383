import type { StreamDefinition } from '@tillstream/contracts';
import { decodeRawRecord } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { recordsBetween } from '../task/log-tail';
import { lastBatch } from '../task/readable-batch';

/** How many records of a raw partition are searched for its first `definition` when nothing has been enriched yet. */
const SEARCHED_RECORDS = 1_000;

/** The definition in force where the enricher has come to in a partition; '' when none is. */
export async function definitionInLog(
  reader: LogReader,
  definition: StreamDefinition,
  partition: number,
): Promise<string> {
  const tail = await lastBatch(reader, definition, partition);
  const reached = tail?.batch.after.definition ?? '';
  if (reached !== '') return reached;
  const { raw } = definition.topics;
  const begin = await reader.begin(raw, partition);
  const end = Math.min(await reader.end(raw, partition), begin + SEARCHED_RECORDS);
  for await (const sha256 of definitionsBetween(reader, raw, partition, begin, end)) return sha256;
  return '';
}

/** The definition that is in force behind everything that stands in a partition; '' when none is. */
export async function newestDefinitionInLog(
  reader: LogReader,
  definition: StreamDefinition,
  partition: number,
): Promise<string> {
  const { raw } = definition.topics;
  const tail = await lastBatch(reader, definition, partition);
  const from = tail?.batch.rawNext ?? (await reader.begin(raw, partition));
  let newest = tail?.batch.after.definition ?? '';
  const end = await reader.end(raw, partition);
  for await (const sha256 of definitionsBetween(reader, raw, partition, from, end)) newest = sha256;
  return newest;
}

async function* definitionsBetween(
  reader: LogReader,
  topic: string,
  partition: number,
  from: number,
  to: number,
): AsyncGenerator<string, void, void> {
  for await (const record of recordsBetween(reader, topic, partition, from, to)) {
    const { control } = decodeRawRecord(record);
    if (control?.kind === 'definition') yield control.sha256;
  }
}
