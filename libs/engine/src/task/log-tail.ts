import type { LogReader, LogRecord } from '../ports/log';

/** Reading what is known to exist may take a while, but never as long as this. */
const READ_WAIT_MS = 5_000;
const FIRST_STEP_BACK = 1;

/** Retained records from the newest to the oldest, read in steps that grow. */
export async function* newestFirst(
  reader: LogReader,
  topic: string,
  partition: number,
): AsyncGenerator<LogRecord, void, void> {
  const begin = await reader.begin(topic, partition);
  let upTo = await reader.end(topic, partition);
  let step = FIRST_STEP_BACK;
  while (upTo > begin) {
    const from = Math.max(begin, upTo - step);
    const records = await readRange(reader, topic, partition, from, upTo);
    for (let index = records.length - 1; index >= 0; index -= 1) {
      const record = records[index];
      if (record) yield record;
    }
    upTo = from;
    step *= 4;
  }
}

/** The retained records of [from, to), oldest first. */
export async function readRange(
  reader: LogReader,
  topic: string,
  partition: number,
  from: number,
  to: number,
): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const record of recordsBetween(reader, topic, partition, from, to)) found.push(record);
  return found;
}

/** The retained records of [from, to), oldest first, a fetch at a time. */
export async function* recordsBetween(
  reader: LogReader,
  topic: string,
  partition: number,
  from: number,
  to: number,
): AsyncGenerator<LogRecord, void, void> {
  let at = from;
  while (at < to) {
    const records = await reader.read(topic, partition, at, READ_WAIT_MS);
    const last = records.at(-1);
    if (!last) return; // what is left of the range has been compacted away or is a marker
    for (const record of records) if (record.offset < to) yield record;
    at = last.offset + 1;
  }
}
