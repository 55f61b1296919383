import { partitionOf } from '@tillstream/core';
import type { LogWriter, NewRecord } from '@tillstream/engine';
import type { ShopRow } from '@tillstream/shop-events';
import type { RowSink } from './row-sink';

export interface LogSinkOptions {
  readonly topic: string;
  readonly partitions: number;
  /** One record with a JSON array per partition and send, instead of one record a row. */
  readonly batched: boolean;
  readonly parallel: number;
  readonly close: () => Promise<void>;
}

/**
 * Straight into a topic, as other Kafka producers write: keyed, on the partition Kafka's default partitioner gives.
 * Rows without a key go round the partitions. Broken rows are never put into an array, which they would break.
 */
export function createLogSink(writer: LogWriter, options: LogSinkOptions): RowSink {
  let keyless = 0;
  return {
    parallel: options.parallel,
    send: async (rows) => {
      const byPartition = new Map<number, ShopRow[]>();
      for (const row of rows) {
        const key = row.key === null ? null : Buffer.from(row.key, 'utf8');
        const partition =
          key === null ? keyless++ % options.partitions : partitionOf(key, 0, key.length, options.partitions);
        const together = byPartition.get(partition);
        if (together === undefined) byPartition.set(partition, [row]);
        else together.push(row);
      }
      const appends = [...byPartition].map(([partition, together]) =>
        writer.append(options.topic, partition, options.batched ? asArray(together) : together.map(asRecord)),
      );
      await Promise.all(appends);
      return { accepted: rows.length, rejected: {} };
    },
    close: options.close,
  };
}

function asRecord(row: ShopRow): NewRecord {
  return { key: row.key === null ? null : Buffer.from(row.key, 'utf8'), value: Buffer.from(row.text, 'utf8') };
}

function asArray(rows: readonly ShopRow[]): NewRecord[] {
  const broken = rows.filter((row) => row.fault === 'malformed-json');
  const whole = rows.filter((row) => row.fault !== 'malformed-json');
  const records = broken.map(asRecord);
  if (whole.length > 0) {
    records.unshift({ key: null, value: Buffer.from(`[${whole.map((row) => row.text).join(',')}]`, 'utf8') });
  }
  return records;
}
