import { CARDINALITY_ERROR } from './cardinality-sketch';
import type { Measure } from '../definition';
import { QUANTILE_ERROR } from './quantile-sketch';

/**
 * How far a measure may be from the exact value, in proportion to it: at most so far for a percentile (and half of the smallest
 * unit, for whole numbers and money), as a standard error for `approx_distinct`, 0 for all others.
 */
export function relativeErrorOf({ kind }: Measure): number {
  if (kind === 'percentile') return QUANTILE_ERROR;
  return kind === 'approx_distinct' ? CARDINALITY_ERROR : 0;
}
