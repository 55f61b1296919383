import type { ResultValue, ValueMessage } from '@tillstream/contracts';
import { fromMessage, toMessage, type ValueKind } from './values';

describe('values', () => {
  it.each<[ResultValue, ValueKind, ValueMessage]>([
    [12, 'integer', { integer: '12' }],
    [0.1, 'number', { number: 0.1 }],
    ['1.10', 'decimal', { decimal: '1.10' }],
    ['12', 'text', { text: '12' }],
    [false, 'flag', { flag: false }],
    [null, 'decimal', {}],
  ])('%p as %s goes out and comes back', (value, kind, message) => {
    expect(toMessage(value, { kind, items: null })).toEqual(message);
    expect(fromMessage(message, kind)).toBe(value);
  });

  it('of lists go out with the kind of their items', () => {
    expect(toMessage(['1.00', '2.00'], { kind: 'list', items: 'decimal' })).toEqual({
      list: { values: [{ decimal: '1.00' }, { decimal: '2.00' }] },
    });
  });

  it('of rankings go out with the kinds of their values and amounts', () => {
    const best = [
      { value: 'a', amount: '2.00' },
      { value: 'b', amount: null },
    ];
    expect(toMessage(best, { kind: 'ranking', items: 'text', amounts: 'decimal' })).toEqual({
      ranking: {
        values: [
          { value: { text: 'a' }, amount: { decimal: '2.00' } },
          { value: { text: 'b' }, amount: {} },
        ],
      },
    });
  });

  it.each<[string, ValueKind, ResultValue | undefined]>([
    ['-7', 'integer', -7],
    ['7.5', 'integer', undefined],
    ['7.5', 'number', 7.5],
    ['', 'number', undefined],
    ['7.50', 'decimal', '7.50'],
    ['seven', 'decimal', undefined],
    ['true', 'flag', true],
    ['yes', 'flag', undefined],
  ])('%p as text is taken for %s', (text, kind, value) => {
    expect(fromMessage({ text }, kind)).toBe(value);
  });

  it('of another kind are not taken', () => {
    expect(fromMessage({ integer: '1' }, 'text')).toBeUndefined();
  });
});
