import type { MetricsRecord } from '../results/decode-metrics-record';
import { decodeMetricsRecord } from '../results/decode-metrics-record';
import type { StreamDefinition } from '../stream-file/stream-definition';
import type { FeedRow, FeedTable, FeedValue } from './feed';
import type { FeedDecoder } from './feed-decoder';
import { feedTables } from './feed-tables';
import { feedValueOfJson } from './field-values';

type Result = Extract<MetricsRecord, { readonly kind: 'result' }>;

const FINAL = 0x66; // f
const UNDECLARED = 'finals';

/** Finals of a metrics topic: among them those of metrics that the file does not declare. */
export function finalDecoder(definition: StreamDefinition): FeedDecoder {
  const tables = new Map(feedTables(definition, 'finals').map((table) => [table.name, table]));
  const undeclared = tables.get(UNDECLARED) as FeedTable;
  return (record, partition) => {
    const { key, value, offset } = record;
    if (key === null || value === null || key[0] !== FINAL) return [];
    const result = decodeMetricsRecord(record);
    if (result.kind !== 'result' || !result.final) return [];
    const table = tables.get(result.identity) ?? undeclared;
    return [
      {
        table: table.name,
        id: Buffer.from(key.buffer, key.byteOffset, key.length).toString('utf8'),
        version: result.revision,
        timeMs: result.startMs,
        ...{ partition, offset, index: 0 },
        record: value,
        values: valuesOf(result, table),
      } satisfies FeedRow,
    ];
  };
}

function valuesOf(result: Result, { columns }: FeedTable): Readonly<Record<string, FeedValue>> {
  const { group, measures } = result;
  const values: Record<string, FeedValue> = {
    metric: result.metric,
    definition: result.identity.slice(result.identity.lastIndexOf('@') + 1),
    window_start: result.startMs,
    window_end: result.endMs,
    group: group as FeedValue,
    revision: result.revision,
    truncated: result.truncated,
  };
  for (const { name, type, of } of columns) {
    if (of === undefined) {
      if (name === 'measures') values[name] = measures as FeedValue;
    } else {
      values[name] = feedValueOfJson((of.kind === 'group' ? group : measures)[of.name], type);
    }
  }
  return values;
}
