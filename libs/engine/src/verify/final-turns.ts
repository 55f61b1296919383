import type { StreamDefinition } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import type { WindowRange } from './standing-finals';
import { standingFinals } from './standing-finals';

/** Cuts a range so that each part has at most so many finals; a single window is not cut. */
export async function finalTurns(
  reader: LogReader,
  definition: StreamDefinition,
  range: WindowRange,
  mostFinals: number,
): Promise<{ readonly fromMs: number; readonly toMs: number }[]> {
  const byStart = new Map<number, number>();
  for (let partition = 0; partition < definition.schema.partitions; partition++) {
    const end = await reader.end(definition.topics.metrics, partition);
    for await (const { startMs } of standingFinals(reader, definition, partition, end, range)) {
      byStart.set(startMs, (byStart.get(startMs) ?? 0) + 1);
    }
  }
  const parts: { fromMs: number; toMs: number }[] = [];
  let begin = range.fromMs;
  let held = 0;
  for (const [startMs, count] of [...byStart].sort(([a], [b]) => a - b)) {
    if (held > 0 && held + count > mostFinals) {
      parts.push({ fromMs: begin, toMs: startMs });
      begin = startMs;
      held = 0;
    }
    held += count;
  }
  return [...parts, { fromMs: begin, toMs: range.toMs }];
}
