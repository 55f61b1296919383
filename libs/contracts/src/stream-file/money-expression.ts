import type { Expression, StreamSchema } from '@tillstream/core';

/** An amount in minor units, as a double in major units. */
export function inMajorUnits(minor: Expression, { exponent }: StreamSchema['money']): Expression {
  const unit: Expression = { kind: 'literal', value: 10 ** exponent, type: 'int' };
  return { kind: 'arithmetic', operator: '/', left: minor, right: unit, type: 'double' };
}
