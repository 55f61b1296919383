import type { StreamDefinition } from '@tillstream/contracts';
import { decodeMetricsRecord, streamsOf } from '@tillstream/contracts';
import { isFollowed } from '@tillstream/core';
import type { LogRecord } from '@tillstream/engine';
import type { ExpectedOutcome } from '../oracle/raw-oracle';

/**
 * Where it is told of a metric how far its windows are closed, no final of these may come for the first time behind that; and
 * in the end it is told of all windows that the raw log closes.
 */
export function compareProgress(
  definition: StreamDefinition,
  expected: ExpectedOutcome,
  results: readonly (readonly LogRecord[])[],
): string[] {
  const problems: string[] = [];
  const metrics = streamsOf(definition).flatMap((stream) => stream.metrics);
  for (const { name, identity, window } of metrics.filter(isFollowed)) {
    if (!('sizeMs' in window)) continue;
    const reached = expected.progress[name];
    results.forEach((records, partition) => {
      const seen = new Set<string>();
      let untilMs = -Infinity;
      for (const record of records.map(decodeMetricsRecord)) {
        if (record.kind === 'unknown' || record.identity !== identity) continue;
        if (record.kind === 'progress') untilMs = Math.max(untilMs, record.closedUntilMs);
        if (record.kind !== 'result' || !record.final) continue;
        const result = `${record.startMs} ${record.groupKey}`;
        if (!seen.has(result) && record.endMs <= untilMs) problems.push(`progress passed a final: ${name} ${result}`);
        seen.add(result);
      }
      const watermarkMs = (reached?.local ? reached.perPartitionMs[partition] : reached?.allPartitionsMs) ?? -Infinity;
      const closedMs = Math.floor((watermarkMs - window.sizeMs) / window.hopMs) * window.hopMs + window.sizeMs;
      if (untilMs !== closedMs) problems.push(`progress of ${name}/${partition}: ${untilMs}, not ${closedMs}`);
    });
  }
  return problems;
}
