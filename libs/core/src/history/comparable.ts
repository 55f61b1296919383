import type { Measure, MetricDefinition } from '../metrics/definition';

/** The types whose values have a difference that says something. */
export type ComparableType = 'int' | 'double' | 'money';

/** Are windows of the metric looked at together with earlier ones? Then it is told how far they are closed. */
export function isFollowed({ compare, alert }: MetricDefinition): boolean {
  return compare !== undefined || alert !== undefined;
}

/** As what the values of a measure can be compared; null for lists, texts and instants. */
export function comparableType(measure: Measure): ComparableType | null {
  switch (measure.kind) {
    case 'count':
    case 'distinct':
    case 'approx_distinct':
      return 'int';
    case 'rate':
    case 'stddev':
      return 'double';
    case 'collect':
    case 'top':
      return null;
    case 'derived':
      return numeric(measure.type);
    default:
      return numeric(measure.fieldType);
  }
}

/**
 * What a measure was in a window that has results, but none of the group: nothing was counted and nothing came together.
 * NaN where that says nothing: averages and the like, and any measure where `having` may have kept the result back.
 */
export function absentValue(measure: Measure, isFiltered: boolean): number {
  if (isFiltered) return NaN;
  switch (measure.kind) {
    case 'count':
    case 'distinct':
    case 'approx_distinct':
    case 'rate':
    case 'sum':
      return 0;
    default:
      return NaN;
  }
}

/** How far a value is from an earlier one, in per cent of that. NaN where either is, or the earlier one is 0. */
export function percentChange(value: number, earlier: number): number {
  return earlier === 0 ? NaN : (100 * (value - earlier)) / Math.abs(earlier);
}

function numeric(type: string): ComparableType | null {
  return type === 'int' || type === 'double' || type === 'money' ? type : null;
}
