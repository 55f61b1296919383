import type { LogReader, LogWriter, NewRecord } from '../ports/log';
import { appendBytes, MAX_APPEND_BYTES } from '../ports/log';
import { recordsBetween } from '../task/log-tail';
import { FinalTable } from '../verify/final-table';

/** A record as it stood in a topic, and is kept elsewhere. */
export interface KeptRecord {
  readonly partition: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Gives kept records, in the order in which they stood in their partitions; the next ones when what it is given has been taken. */
export type ReadKept = (take: (records: readonly KeptRecord[]) => Promise<void>) => Promise<void>;

export interface RestoreOptions {
  readonly reader: LogReader;
  readonly writer: LogWriter;
  readonly topic: string;
  readonly partitions: number;
  readonly kept: ReadKept;
  readonly onProgress: (progress: RestoreReport) => void;
}

export interface RestoreReport {
  readonly published: number;
  /** Stood there already, byte for byte. */
  readonly standing: number;
}

/** A record stands in the topic with another value than the one that is kept. */
export class OtherRecordStandsError extends Error {
  override readonly name = 'OtherRecordStandsError';
  readonly code = 'OTHER_RECORD_STANDS';

  constructor(topic: string, partition: number, offset: number, key: Uint8Array) {
    super(
      `${topic}/${partition} has another record of ${new TextDecoder().decode(key)}, at offset ${offset}, than the one that is kept`,
    );
  }
}

/**
 * Publishes kept records to their topic, each in its partition with the very bytes that it had. What stands there is not published
 * again: so it may be interrupted and repeated, and services may write to the topic at the same time.
 *
 * @throws OtherRecordStandsError
 */
export async function restoreRecords(options: RestoreOptions): Promise<RestoreReport> {
  const { writer, topic, kept, onProgress } = options;
  const standing = await standingRecords(options);
  const report = { published: 0, standing: 0 };
  await kept(async (records) => {
    let portion: NewRecord[] = [];
    let [partition, bytes] = [-1, 0];
    const publish = async (): Promise<void> => {
      if (portion.length > 0) await writer.append(topic, partition, portion);
      report.published += portion.length;
      [portion, bytes] = [[], 0];
    };
    for (const record of records) {
      const verdict = standing.check(record.partition, record.key, record.value);
      if (verdict === 'equal') {
        report.standing += 1;
        continue;
      }
      if (verdict !== 'missing') throw new OtherRecordStandsError(topic, verdict.partition, verdict.offset, record.key);
      const added = { key: record.key, value: record.value };
      if (record.partition !== partition || bytes + appendBytes(added) > MAX_APPEND_BYTES) await publish();
      partition = record.partition;
      portion.push(added);
      bytes += appendBytes(added);
    }
    await publish();
    onProgress(report);
  });
  return report;
}

/** What is in the topic now, of each key what stands there last. */
async function standingRecords({ reader, topic, partitions }: RestoreOptions): Promise<FinalTable> {
  const table = new FinalTable();
  for (let partition = 0; partition < partitions; partition += 1) {
    const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
    for await (const { key, value, offset } of recordsBetween(reader, topic, partition, begin, end)) {
      if (key !== null && value !== null) table.add(partition, key, value, offset, 0);
    }
  }
  return table;
}
