import type { Measure } from '@tillstream/core';
import { measureNumber } from './measure-number';

const of = (kind: 'sum' | 'avg' | 'max', fieldType: 'int' | 'double' | 'money' | 'timestamp'): Measure => ({
  ...{ kind, name: 'm', field: 'x', fieldType, where: null },
});
const count: Measure = { kind: 'count', name: 'm', where: null };
const names: Measure = { kind: 'collect', name: 'm', field: 'x', fieldType: 'money', limit: 9, where: null };

describe('a value in a result as a number', () => {
  it.each([
    [count, 7, 2, 7],
    [of('sum', 'money'), '1234.50', 2, 123_450],
    [of('sum', 'money'), '-0.05', 2, -5],
    [of('sum', 'money'), '1234', 0, 1_234],
    [of('avg', 'money'), '0.415000', 2, 41.5],
    [of('avg', 'money'), '12.000000', 0, 12],
    [of('avg', 'double'), 0.5, 2, 0.5],
    [of('max', 'timestamp'), '1970-01-01T00:00:01.000Z', 2, 1_000],
  ])('is what expressions see: %j %s', (measure, value, exponent, number) => {
    expect(measureNumber(measure, value, exponent)).toBe(number);
  });

  it.each([
    [count, null],
    [names, ['1.00']],
    [names, '1.00'],
    [{ kind: 'first', name: 'm', field: 'x', fieldType: 'string', where: null } satisfies Measure, '12'],
    [of('max', 'timestamp'), 'yesterday'],
  ])('is none: %j %j', (measure, value) => {
    expect(measureNumber(measure, value, 2)).toBeNaN();
  });
});
