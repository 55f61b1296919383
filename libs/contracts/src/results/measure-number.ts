import type { Measure } from '@tillstream/core';
import type { ResultValue } from './decode-metrics-record';
import { parseInstant } from './instant';

/**
 * A measure's value in a result's JSON as the number that expressions over measures see: amounts (and averages of them) in minor
 * units, instants in epoch milliseconds, NaN for null and for what is no number.
 */
export function measureNumber(measure: Measure, value: ResultValue, moneyExponent: number): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || measure.kind === 'collect' || measure.kind === 'top') return NaN;
  const type = 'fieldType' in measure ? measure.fieldType : measure.kind === 'derived' ? measure.type : null;
  if (type === 'timestamp') return parseInstant(value) ?? NaN;
  if (type !== 'money') return NaN;
  // An average has six digits behind the point, whatever the currency; an amount has as many as that.
  return measure.kind === 'avg' ? Number(value) * 10 ** moneyExponent : Number(value.replace('.', ''));
}
