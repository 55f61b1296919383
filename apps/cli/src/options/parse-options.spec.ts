import {
  parseDuration,
  parseInstant,
  parseLateness,
  parseRate,
  parseShare,
  parseSpeed,
  wholeNumber,
} from './parse-options';

describe('options', () => {
  it.each([
    [parseDuration, '500ms', 500],
    [parseDuration, '1.5m', 90_000],
    [parseShare, '5%', 0.05],
    [parseShare, '0.25', 0.25],
    [parseRate, '0', 0],
    [parseRate, '12.5', 12.5],
    [parseSpeed, 'max', Infinity],
    [parseSpeed, '60x', 60],
    [wholeNumber(1), '7', 7],
    [parseInstant, '2024-05-01T12:00:00Z', 1714564800000],
    [parseInstant, '1714564800000', 1714564800000],
  ])('%p reads %s', (parse: (text: string) => number, text, value) => {
    expect(parse(text)).toBe(value);
  });

  it('reads how many events are late and how late', () => {
    expect(parseLateness('3%:20m')).toEqual({ share: 0.03, maxMs: 1_200_000 });
    expect(parseLateness('0.1')).toEqual({ share: 0.1, maxMs: 600_000 });
  });

  it.each([
    [parseDuration, '5 minutes'],
    [parseDuration, '5'],
    [parseShare, '150%'],
    [parseShare, '-1'],
    [parseLateness, '1%:2m:3'],
    [parseRate, 'fast'],
    [parseSpeed, '0x'],
    [parseSpeed, '60'],
    [wholeNumber(1), '0'],
    [wholeNumber(1), '1.5'],
    [parseInstant, 'noon'],
  ])('%p refuses %s', (parse: (text: string) => unknown, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'commander.invalidArgument' }) as Error);
  });
});
