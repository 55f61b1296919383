import fc from 'fast-check';

import { formatEventTime } from './format-event-time';
import { EventTimeParser, MAX_EVENT_TIME_MS } from './parse-event-time';

const parser = new EventTimeParser();

/** Epoch ms, or null. The text stands in the midst of other bytes that must not matter. */
function parse(text: string): number | null {
  const bytes = new TextEncoder().encode(`9${text}9`);
  const target = new Float64Array(1);
  return parser.parseText(bytes, 1, bytes.length - 1, target, 0) ? (target[0] as number) : null;
}

const anInstant = fc.integer({ min: 0, max: MAX_EVENT_TIME_MS });

describe('event times', () => {
  it('agree with Date on every instant, whatever the zone it is written in', () => {
    fc.assert(
      fc.property(anInstant, fc.integer({ min: -1439, max: 1439 }), fc.constantFrom('T', 't', ' '), (ms, east, t) => {
        const local = new Date(ms + east * 60_000);
        fc.pre(local.getTime() >= 0 && local.getTime() <= MAX_EVENT_TIME_MS);
        const [date, time] = local.toISOString().slice(0, -1).split('T');
        const hours = String(Math.floor(Math.abs(east) / 60)).padStart(2, '0');
        const minutes = String(Math.abs(east) % 60).padStart(2, '0');
        const sign = east < 0 ? '-' : '+';
        for (const zone of [`${sign}${hours}:${minutes}`, `${sign}${hours}${minutes}`]) {
          expect(parse(`${date}${t}${time}${zone}`)).toBe(ms);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('are UTC without a zone, and cut off to milliseconds', () => {
    fc.assert(
      fc.property(anInstant, fc.integer({ min: 0, max: 999_999 }), (ms, nanos) => {
        const text = new Date(ms).toISOString().slice(0, -1);
        const fraction = String(nanos).padStart(6, '0');
        for (const zone of ['', 'Z', 'z', ' UTC', ' +00:00']) expect(parse(`${text}${fraction}${zone}`)).toBe(ms);
      }),
    );
  });

  it('accept exactly the days that the calendar has', () => {
    const two = fc.integer({ min: 0, max: 40 }).map((n) => String(n).padStart(2, '0'));
    fc.assert(
      fc.property(fc.integer({ min: 1970, max: 9999 }), two, two, (year, month, day) => {
        const text = `${year}-${month}-${day}`;
        const date = new Date(`${text}T00:00:00Z`);
        const real = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
        expect(parse(`${text} 00:00:00`)).toBe(real ? date.getTime() : null);
        expect(parse(text)).toBe(real ? date.getTime() : null);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['2019-10-01 00:00:00 UTC', Date.UTC(2019, 9, 1)],
    ['2019-10-01T00:00:00.5', Date.UTC(2019, 9, 1, 0, 0, 0, 500)],
    ['2019-10-01T00:00:00,123456789Z', Date.UTC(2019, 9, 1, 0, 0, 0, 123)],
    ['2019-10-01T00:00', Date.UTC(2019, 9, 1)],
    ['2019-10-01T02:00+02', Date.UTC(2019, 9, 1)],
    ['1969-12-31T23:00:00-01:00', 0],
    ['9999-12-31T23:59:59.999Z', MAX_EVENT_TIME_MS],
    ['1569888000', 1569888000_000],
    ['1569888000.9999', 1569888000_999],
    ['1569888000123', 1569888000_123],
    ['1569888000123.9', 1569888000_123],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('reads %s', (text, ms) => {
    expect(parse(text)).toBe(ms);
  });

  it.each([
    '',
    '2019',
    '20191001',
    '20191001000000',
    '2019-02-29T00:00:00Z',
    '2019-02-30T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2019-00-01T00:00:00Z',
    '2019-10-00T00:00:00Z',
    '2019-10-01T24:00:00Z',
    '2019-10-01T23:59:60Z',
    '2019-10-01T23:60:00Z',
    '2019-10-01T00:00:00.Z',
    '2019-10-01T00:00:00.1234567890Z',
    '2019-10-01T00:00:00 PST',
    '2019-10-01T00:00:00+2',
    '2019-10-01T00:00:00+02:',
    '2019-10-01T00:00:00+02:0',
    '2019-10-01T00:00:00+24:00',
    '2019-10-01T00:00:0',
    '2019-10-01T00:00:',
    '2019-10-01T',
    '2019-10-01T0000',
    '2019-10-01x00:00:00',
    '2019-1-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '9999-12-31T23:59:59-01:00',
    '+2019-10-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '-1569888000',
    '1569888000x',
    '1569888000e3',
    '000000000',
    '1569888000 ',
  ])('refuses %p', (text) => {
    expect(parse(text)).toBeNull();
  });

  it('never reads a mutated text as another time than Date does', () => {
    fc.assert(
      fc.property(anInstant, fc.nat(18), fc.constantFrom(...'0123456789-:.TZ+ ,x'), (ms, at, c) => {
        const text = new Date(ms).toISOString();
        const mutated = text.slice(0, at) + c + text.slice(at + 1);
        const parsed = parse(mutated);
        if (parsed === null) return;
        const iso = mutated.replace(' ', 'T');
        expect(new Date(parsed).toISOString()).toBe(iso);
      }),
      { numRuns: 3000 },
    );
  });

  it('are written as Date writes them', () => {
    fc.assert(
      fc.property(anInstant, (ms) => expect(formatEventTime(ms)).toBe(new Date(ms).toISOString())),
      {
        numRuns: 2000,
      },
    );
  });
});
