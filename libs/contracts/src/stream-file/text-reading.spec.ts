import fc from 'fast-check';
import { Scalar, isScalar, parseDocument, stringify } from 'yaml';
import { formatDuration, parseDuration } from './duration';
import { didYouMean, nearestName } from './nearest-name';
import { sourceOffset } from './scalar-position';

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['10s', 10_000],
    ['1m', 60_000],
    ['30m', 1_800_000],
    ['24h', 86_400_000],
    ['1d', 86_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '10', 's', '1.5s', '-1s', '1 s', '1S', '1w', '1h30m', '999999999999d'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it('are shown so that they can be read again', () => {
    fc.assert(fc.property(fc.nat(10_000_000_000), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)));
    expect(formatDuration(90_000)).toBe('90s');
    expect(formatDuration(172_800_000)).toBe('2d');
  });
});

describe('the nearest name', () => {
  it.each([
    ['partition', 'partitions'],
    ['group_by', 'groupBy'],
    ['GroupBy', 'groupBy'],
    ['widnow', 'window'],
    ['outoforderness', 'outOfOrderness'],
  ])('of %s is %s', (wrong, right) => {
    expect(nearestName(wrong, ['partitions', 'groupBy', 'window', 'outOfOrderness', 'having'])).toBe(right);
  });

  it('is none where nothing is close: then all are told', () => {
    expect(nearestName('colour', ['stream', 'partitions'])).toBeNull();
    expect(nearestName('v', ['u'])).toBeNull();
    expect(didYouMean('colour', ['stream', 'partitions'])).toBe('there are stream, partitions');
    expect(didYouMean('colour', ['zone'])).toBe('there is only zone');
    expect(didYouMean('colour', [])).toBe('there are none');
  });
});

describe('the place of a character of a scalar', () => {
  const STYLES = [
    Scalar.PLAIN,
    Scalar.QUOTE_SINGLE,
    Scalar.QUOTE_DOUBLE,
    Scalar.BLOCK_LITERAL,
    Scalar.BLOCK_FOLDED,
  ] as const;
  const words = fc.array(fc.constantFrom('a', '==', "'x'", '"y"', 'bcd', '&&', '\\', '(é)', '> 1.5'), {
    minLength: 1,
    maxLength: 12,
  });

  it('is where the same character stands in the source, however the scalar is written', () => {
    fc.assert(
      fc.property(words, fc.constantFrom(...STYLES), fc.constantFrom(0, 20), fc.nat(), (parts, type, lineWidth, at) => {
        const value = parts.join(' ');
        const scalar = new Scalar(value);
        scalar.type = type;
        const source = stringify({ before: 1, where: { deeper: scalar } }, { lineWidth });
        const node = parseDocument(source).getIn(['where', 'deeper'], true);
        if (!isScalar(node) || node.value !== value || !node.range) return; // a style that cannot hold this text
        const index = at % value.length;
        if (value[index] === ' ') return; // may have become the end of a line
        const found = source[sourceOffset(source, node.range[0], value, index)];
        const escaped = found === '\\' && (value[index] === '"' || value[index] === 'é');
        expect(escaped ? value[index] : found).toBe(value[index]);
      }),
      { numRuns: 500 },
    );
  });
});
