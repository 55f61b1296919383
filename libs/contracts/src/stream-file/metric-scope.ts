import type { StreamSchema } from '@tillstream/core';
import type { ScopeName } from './expression-scope';
import type { DeclaredField } from './field-section';

/** What a metric may rely on. */
export interface MetricScope {
  readonly fields: ReadonlyMap<string, DeclaredField>;
  readonly money: StreamSchema['money'];
  /** The stream's first key field; null where the key is wrong. */
  readonly key: string | null;
  /** The stream's outOfOrderness, for metrics that do not say their own. */
  readonly outOfOrdernessMs: number;
  /** How long results are kept: with what is older than that nothing can be compared. */
  readonly retentionMs: number;
}

/** The names of measures, and of the fields with what is said to who uses one in an expression over measures. */
export function refuseFields(
  measures: ReadonlyMap<string, ScopeName>,
  fields: MetricScope['fields'],
  why: (field: string) => string,
): ReadonlyMap<string, ScopeName> {
  const names = new Map(measures);
  for (const field of fields.keys()) {
    if (!names.has(field)) names.set(field, { type: null, refused: `${field} is a field: ${why(field)}` });
  }
  return names;
}
