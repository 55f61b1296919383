import { NumberLiteral } from '../json/number-literal';
import { DecimalScaler } from '../money/decimal-scaler';

import { daysFromCivil, daysInMonth } from './civil';

/** The last millisecond of the year 9999. */
export const MAX_EVENT_TIME_MS = 253_402_300_799_999;

/**
 * Epoch numbers below this are seconds, from here on milliseconds: as seconds it would be the year 5138, as
 * milliseconds it is March 1973.
 */
export const EPOCH_MS_FROM = 100_000_000_000;

/** Digits text outside these lengths could be a compact calendar date (20191001): refused instead of guessed. */
const MIN_EPOCH_DIGITS = 9;
const MAX_EPOCH_DIGITS = 13;

/** Length of `2019-10-01T00:00`. */
const MINUTE_BYTES = 16;

const DAY_MS = 86_400_000;
const ZERO = 0x30;
const NINE = 0x39;
const DASH = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;
const COMMA = 0x2c;
const PLUS = 0x2b;
const SPACE = 0x20;
const LOWER_T = 0x74;
const UPPER_Z = 0x5a;
const LOWER_Z = 0x7a;

/**
 * Reads event times from bytes into epoch milliseconds, years 1970 to 9999:
 *
 * - `2019-10-01T00:00:00` with `T`, `t` or a space, seconds optional, a fraction of up to nine digits after `.` or `,`
 *   (cut off to milliseconds), then nothing (UTC), `Z`, `z`, ` UTC`, `+02`, `+0200` or `+02:00`;
 * - a date alone (its midnight, UTC);
 * - epoch seconds or milliseconds, as a JSON number or as text of 9 to 13 digits (the first not 0, without an exponent);
 *   EPOCH_MS_FROM tells them apart.
 *
 * The calendar is checked (no February 30, no hour 24); leap seconds are refused.
 */
export class EventTimeParser {
  private readonly literal = new NumberLiteral();
  private readonly scaler = new DecimalScaler();
  /** The text of the last minute, as two doubles (see `lengthInSameMinute`), and when it began. */
  private readonly minute = Float64Array.of(NaN, NaN, 0);

  /**
   * Most events are of the same minute as the one before. Where such a text, `2019-10-01T00:00` as written the last time
   * and then `:00Z` or `:00.000Z`, begins at `at` of `view`: stores its time and returns its length; else returns 0.
   * Reads up to 32 bytes from `start`.
   *
   * The bytes are compared as doubles, which are the same for ASCII only when the bytes are.
   */
  lengthInSameMinute(bytes: Uint8Array, view: DataView, start: number, target: Float64Array, at: number): number {
    const { minute } = this;
    const known = view.getFloat64(start, true) === minute[0] && view.getFloat64(start + 8, true) === minute[1];
    if (!known && !this.takeMinute(bytes, view, start)) return 0;
    const second = twoDigits(bytes, start + 17);
    if (bytes[start + 16] !== COLON || second < 0 || second > 59) return 0;
    const c = bytes[start + 19];
    if (c === UPPER_Z) {
      target[at] = (minute[2] as number) + second * 1000;
      return 20;
    }
    const hundredths = twoDigits(bytes, start + 20);
    const thousandths = (bytes[start + 22] as number) - ZERO;
    if (c !== DOT || hundredths < 0 || thousandths < 0 || thousandths > 9 || bytes[start + 23] !== UPPER_Z) return 0;
    target[at] = (minute[2] as number) + second * 1000 + hundredths * 10 + thousandths;
    return 24;
  }

  /** Text to target[at]; false, with target[at] unspecified, when it is not an event time. */
  parseText(bytes: Uint8Array, start: number, end: number, target: Float64Array, at: number): boolean {
    if (end - start >= 10 && bytes[start + 4] === DASH) return parseIso(bytes, start, end, target, at);
    let digits = 0;
    while (start + digits < end && isDigit(bytes[start + digits] as number)) digits++;
    if (digits < MIN_EPOCH_DIGITS || digits > MAX_EPOCH_DIGITS) return false;
    if (this.literal.scan(bytes, start, end) !== end || this.literal.hasExponent) return false;
    return this.parseNumber(this.literal, bytes, start, end, target, at);
  }

  /** An epoch number that `literal` has just scanned from bytes[start, end) to target[at]; false when out of range. */
  parseNumber(
    literal: NumberLiteral,
    bytes: Uint8Array,
    start: number,
    end: number,
    target: Float64Array,
    at: number,
  ): boolean {
    if (literal.exact && literal.fractionDigits === 0 && !literal.hasExponent && !literal.negative) {
      const number = literal.mantissa[0] as number;
      target[at] = number < EPOCH_MS_FROM ? number * 1000 : number;
    } else {
      const { scaler } = this;
      if (!scaler.scale(bytes, start, end, 0)) return false;
      const seconds = Math.abs(scaler.result[0] as number) < EPOCH_MS_FROM;
      if (seconds && !scaler.scale(bytes, start, end, 3)) return false;
      // Negative by less than a millisecond would be cut off to zero: it lies before 1970 all the same.
      if (literal.negative && (literal.mantissa[0] as number) !== 0) return false;
      target[at] = scaler.result[0] as number;
    }
    return target[at] <= MAX_EVENT_TIME_MS;
  }

  /** Remembers the minute that begins at `start`, if one does. */
  private takeMinute(bytes: Uint8Array, view: DataView, start: number): boolean {
    const { minute } = this;
    minute[0] = NaN;
    if (bytes[start + 4] !== DASH || !parseIso(bytes, start, start + MINUTE_BYTES, minute, 2)) return false;
    minute[0] = view.getFloat64(start, true);
    minute[1] = view.getFloat64(start + 8, true);
    return true;
  }
}

function parseIso(bytes: Uint8Array, start: number, end: number, target: Float64Array, at: number): boolean {
  const century = twoDigits(bytes, start);
  const yearOfCentury = twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  if (century < 0 || yearOfCentury < 0 || bytes[start + 7] !== DASH) return false;
  const year = century * 100 + yearOfCentury;
  if (day < 1 || day > daysInMonth(year, month)) return false;
  const days = daysFromCivil(year, month, day);
  let p = start + 10;
  if (p === end) return store(days * DAY_MS, target, at);

  if (end - p < 6 || bytes[p + 3] !== COLON) return false;
  if (bytes[p] !== SPACE && ((bytes[p] as number) | 0x20) !== LOWER_T) return false;
  const hour = twoDigits(bytes, p + 1);
  const minute = twoDigits(bytes, p + 4);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return false;
  p += 6;
  let second = 0;
  let milli = 0;
  if (p < end && bytes[p] === COLON) {
    second = p + 3 <= end ? twoDigits(bytes, p + 1) : -1;
    if (second < 0 || second > 59) return false;
    p += 3;
    if (p < end && (bytes[p] === DOT || bytes[p] === COMMA)) {
      const first = ++p;
      for (let weight = 100; p < end && isDigit(bytes[p] as number); p++, weight = (weight / 10) | 0) {
        milli += weight * ((bytes[p] as number) - ZERO);
      }
      if (p === first || p - first > 9) return false;
    }
  }
  const offsetMinutes = p === end ? 0 : zoneMinutes(bytes, p, end);
  if (offsetMinutes === NO_ZONE) return false;
  const secondsOfDay = hour * 3600 + (minute - offsetMinutes) * 60 + second;
  return store(days * DAY_MS + secondsOfDay * 1000 + milli, target, at);
}

const NO_ZONE = 100_000;

/** Minutes east of UTC that bytes[at, end) names, or NO_ZONE. */
function zoneMinutes(bytes: Uint8Array, at: number, end: number): number {
  let p = bytes[at] === SPACE ? at + 1 : at;
  const c = bytes[p] as number;
  if (end - p === 1) return (c | 0x20) === LOWER_Z ? 0 : NO_ZONE;
  if (end - p === 3 && c === 0x55) return bytes[p + 1] === 0x54 && bytes[p + 2] === 0x43 ? 0 : NO_ZONE;
  if ((c !== PLUS && c !== DASH) || end - p < 3) return NO_ZONE;
  const hours = twoDigits(bytes, ++p);
  p += 2;
  if (p < end && bytes[p] === COLON && end - p === 3) p++;
  const minutes = p === end ? 0 : end - p === 2 ? twoDigits(bytes, p) : -1;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return NO_ZONE;
  return c === DASH ? -(hours * 60 + minutes) : hours * 60 + minutes;
}

function store(ms: number, target: Float64Array, at: number): boolean {
  target[at] = ms;
  return ms >= 0 && ms <= MAX_EVENT_TIME_MS;
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= NINE;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}
