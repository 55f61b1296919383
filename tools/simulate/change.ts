import type { StreamDefinition } from '@tillstream/contracts';
import { decodeControl } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import type { RandomVisits } from './random-visits';
import type { ExpectedLateRow, ExpectedOutcome, ExpectedRow, PlainDefinition, PlainMetric } from '../oracle/raw-oracle';

/** Another stream file that is put live while events come. */
export interface Change {
  readonly definition: StreamDefinition;
  /** Names of the metrics that only one of the files has. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** What is declared of visits from then on. */
  readonly visits?: Pick<RandomVisits, 'sessions' | 'attribution'>;
}

/** How long a removed metric goes on behind the newest event that may have come before. */
const RUN_OUT_MS = 60_000;

const text = new TextDecoder();

/**
 * What must come of a log in which a change stands: of a metric that is new, the windows that begin in each partition behind
 * the newest event before the change; of one that was removed, those until it has run out.
 *
 * @param outcome as if all metrics had been declared all the time
 */
export function outcomeOfChange(
  outcome: ExpectedOutcome,
  plain: PlainDefinition,
  change: Change,
  raw: readonly (readonly LogRecord[])[],
): ExpectedOutcome {
  const bounds = raw.map((records, partition) => boundsOf(outcome, plain, change, records, partition));
  const has = (metric: string, startMs: number, partition: number): boolean => {
    const { fromMs, untilMs } = bounds[partition] ?? { fromMs: -Infinity, untilMs: Infinity };
    if (change.added.includes(metric)) return startMs >= fromMs;
    return !change.removed.includes(metric) || startMs < untilMs;
  };
  const partitionOfUser = new Map(
    outcome.partitions.flatMap(({ accepted }) =>
      accepted.map(({ row, partition }) => [row['user_id'] ?? null, partition] as const),
    ),
  );
  const isWhole = ({ metric, windowStart, group }: ExpectedRow): boolean => {
    const startMs = Date.parse(windowStart);
    if (outcome.progress[metric]?.local === true) {
      return has(metric, startMs, partitionOfUser.get(group['user_id'] as string) ?? 0);
    }
    return raw.every((_, partition) => has(metric, startMs, partition));
  };
  const late = outcome.late.flatMap((row) => {
    const { partition } = row.place;
    const missedStartsMs = row.missedStartsMs.filter((startMs) => has(row.metric, startMs, partition));
    return missedStartsMs.length === 0 || ranOut(row, plain, change, bounds[partition]?.untilMs ?? Infinity, outcome)
      ? []
      : [{ ...row, missedStartsMs }];
  });
  const counts = new Map<string, number>();
  for (const { metric, missedStartsMs } of late) {
    for (const startMs of missedStartsMs) {
      const window = JSON.stringify([metric, new Date(startMs).toISOString()]);
      counts.set(window, (counts.get(window) ?? 0) + 1);
    }
  }
  const lateCounts = [...counts].map(([window, count]) => {
    const [metric, windowStart] = JSON.parse(window) as [string, string];
    return { metric, windowStart, count };
  });
  return { ...outcome, finals: outcome.finals.filter(isWhole), late, lateCounts };
}

/** A removed metric that has closed its last window takes no note of late rows. */
function ranOut(
  { metric, latenessMs, place }: ExpectedLateRow,
  plain: PlainDefinition,
  { removed }: Change,
  untilMs: number,
  { partitions }: ExpectedOutcome,
): boolean {
  const shape = plain.metrics[metric];
  if (!shape || !removed.includes(metric)) return false;
  const row = partitions[place.partition]?.accepted.find(({ id }) => id === place.id);
  return (row?.eventTimeMs ?? 0) + latenessMs >= untilMs + lastingMs(shape);
}

/** From the begin of a window to the watermark that has closed it. */
function lastingMs(shape: PlainMetric): number {
  if ('total' in shape) return 0;
  return 'gapMs' in shape ? shape.maxDurationMs + shape.gapMs + 1 : shape.sizeMs;
}

function boundsOf(
  { partitions }: ExpectedOutcome,
  plain: PlainDefinition,
  { definition }: Change,
  records: readonly LogRecord[],
  partition: number,
): { readonly fromMs: number; readonly untilMs: number } {
  const at = offsetOfChange(records, definition.sha256);
  let maxEventMs = -Infinity;
  for (const { offset, eventTimeMs } of partitions[partition]?.accepted ?? []) {
    if (offset < at) maxEventMs = Math.max(maxEventMs, eventTimeMs);
  }
  let maxAppendMs = -Infinity;
  for (const { offset, timestampMs } of records) if (offset <= at) maxAppendMs = Math.max(maxAppendMs, timestampMs);
  const newestMs = Math.max(maxEventMs, maxAppendMs + plain.futureToleranceMs);
  return at === Infinity
    ? { fromMs: Infinity, untilMs: Infinity }
    : { fromMs: maxEventMs + 1, untilMs: newestMs + RUN_OUT_MS };
}

/** Where a definition is put in force in a raw partition; Infinity: it is not. */
export function offsetOfChange(records: readonly LogRecord[], sha256: string): number {
  return records.find(({ offset }) => isChange(records, offset, sha256))?.offset ?? Infinity;
}

function isChange(records: readonly LogRecord[], offset: number, sha256: string): boolean {
  const { value } = records.find((record) => record.offset === offset) ?? {};
  if (!value || !text.decode(value).includes('"definition"')) return false;
  const control = decodeControl(value);
  return control.kind === 'definition' && control.sha256 === sha256;
}
