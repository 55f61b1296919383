import { lookbackMs } from '@tillstream/core';
import type { AttributionDefinition, SessionsDefinition } from '@tillstream/core';
import type { Value } from './document';
import { formatDuration } from './duration';
import type { Retention } from './stream-definition';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 366 * DAY_MS;
/** For so long a service may stand still before its store is lost, too. */
const REST_MS = HOUR_MS;

const RETENTION: readonly (readonly [key: string, property: keyof Retention, defaultMs: number, minMs: number])[] = [
  ['raw', 'rawMs', 7 * DAY_MS, HOUR_MS],
  ['enriched', 'enrichedMs', 2 * DAY_MS, HOUR_MS],
  ['metrics', 'metricsMs', DAY_MS, HOUR_MS],
  // A merge that was away for a day must still find what it missed.
  ['parts', 'partsMs', DAY_MS, DAY_MS],
  ['late', 'lateMs', 7 * DAY_MS, HOUR_MS],
  ['deadLetters', 'deadLettersMs', 7 * DAY_MS, HOUR_MS],
  // An alert that is open for longer is opened anew when the service that decides about it starts.
  ['alerts', 'alertsMs', 90 * DAY_MS, DAY_MS],
  ['sessions', 'sessionsMs', 8 * DAY_MS, HOUR_MS],
  ['attributions', 'attributionsMs', 8 * DAY_MS, HOUR_MS],
];

/** How long topics are kept, and where the file says so of `enriched`; null: nowhere. */
export interface ReadRetention {
  readonly retention: Retention;
  readonly enriched: Value | null;
}

/** Reads `retention:`. What it does not say is kept for as long as is usual. */
export function readRetention(value: Value | null): ReadRetention {
  const parts = value?.section(RETENTION.map(([key]) => key)) ?? null;
  const read = RETENTION.map(([key, property, defaultMs, minMs]) => {
    const least = minMs === DAY_MS ? '24h' : '1h';
    const ms = parts?.get(key)?.duration({ minMs, maxMs: 10 * YEAR_MS, otherwise: `must be at least ${least}` });
    return [property, ms ?? defaultMs] as const;
  });
  return {
    retention: Object.fromEntries(read) as Record<keyof Retention, number>,
    enriched: parts?.get('enriched') ?? null,
  };
}

/**
 * Rows are kept for as long as it takes to compute what is open again, should the store be empty: for as many days where the
 * file does not say how long, and it is a problem where it says too little.
 */
export function keepRows(
  { retention, enriched }: ReadRetention,
  sessions: SessionsDefinition | undefined,
  attribution: AttributionDefinition | undefined,
): Retention {
  const needs = { sessions: sessionsNeedMs(sessions), attribution: attributionNeedsMs(attribution) };
  const [section, neededMs] =
    needs.sessions >= needs.attribution
      ? (['sessions', needs.sessions] as const)
      : (['attribution', needs.attribution] as const);
  if (neededMs <= retention.enrichedMs) return retention;
  if (enriched === null) return { ...retention, enrichedMs: Math.ceil(neededMs / DAY_MS) * DAY_MS };
  const hours = formatDuration(Math.ceil(neededMs / HOUR_MS) * HOUR_MS);
  enriched.problem(
    `must be at least ${hours}: so far back \`${section}\` may have to begin again when the store is empty`,
  );
  return retention;
}

/** An open session may be as old as its longest duration, where it is cut depends on what came before, and services may rest. */
function sessionsNeedMs(sessions: SessionsDefinition | undefined): number {
  if (sessions === undefined) return 0;
  const { gapMs, maxDurationMs, outOfOrdernessMs } = sessions;
  return maxDurationMs + lookbackMs({ gapMs, maxDurationMs }) + outOfOrdernessMs + REST_MS;
}

/** A purchase may have waited for all it waits for, and for views from before it. */
function attributionNeedsMs(attribution: AttributionDefinition | undefined): number {
  return attribution === undefined ? 0 : attribution.withinMs + attribution.outOfOrdernessMs + REST_MS;
}
