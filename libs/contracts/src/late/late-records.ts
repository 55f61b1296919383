import type { LateRow } from '@tillstream/core';
import { MAX_LATE_RECORD_BYTES } from '../bounds';
import { ByteWriter } from '../bytes/byte-writer';
import type { NewRecord } from '../record';
import { isoInstant } from '../results/instant';

/**
 * Late rows as newline-delimited JSON, gathered into records of at most 512 KiB (a larger row stands alone). Each line:
 *
 *   {"id":"partition|offset|index|metric identity","metric":…,"definition":…,"missed":[window starts],
 *    "lateness_ms":…,"row":{…}}
 *
 * Where records are cut carries no meaning, and a line may be written more than once: the id tells.
 */
export function encodeLateRows(rows: readonly LateRow[], partition: number): NewRecord[] {
  const records: NewRecord[] = [];
  let writer = new ByteWriter();
  const finish = () => {
    if (writer.length > 0) records.push({ key: null, value: writer.slice(0, writer.length) });
    writer = new ByteWriter();
  };
  for (const row of rows) {
    const line = Buffer.from(lateLine(row, partition), 'utf8');
    if (writer.length + line.length > MAX_LATE_RECORD_BYTES) finish();
    writer.bytes(line);
  }
  finish();
  return records;
}

function lateLine({ metric, rawOffset, index, missedStartsMs, latenessMs, json }: LateRow, partition: number): string {
  const definition = metric.identity.slice(metric.identity.lastIndexOf('@') + 1);
  const missed = missedStartsMs.map((startMs) => `"${isoInstant(startMs)}"`).join(',');
  return (
    `{"id":"${partition}|${rawOffset}|${index}|${metric.identity}",` +
    `"metric":"${metric.name}","definition":"${definition}","missed":[${missed}],` +
    `"lateness_ms":${latenessMs},"row":${json}}\n`
  );
}
