import { toUnits } from './decimal';

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|z|UTC|[+-]\d\d(?::?\d\d)?))?)?$/;
/** Numbers below are seconds, from here on milliseconds. */
const FIRST_MILLISECONDS = 100_000_000_000n;
/** Digits behind those that count, so that rounding them changes nothing. */
const EXACT_DIGITS = 120;

/** Epoch ms of a time as text; without a zone it is UTC. Null: not a time. */
export function instantOfText(text: string): number | null {
  if (/^[1-9]\d{8,12}(\.\d+)?$/.test(text)) return instantOfNumber(text);
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const local = new Date(0);
  local.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  local.setUTCHours(Number(hour), Number(minute), Number(second), milliseconds);
  const sameDay = local.getUTCMonth() === Number(month) - 1 && local.getUTCDate() === Number(day);
  const offset = zoneOffsetMinutes(zone);
  if (!sameDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59 || offset === null) return null;
  return local.getTime() - offset * 60_000;
}

/** Epoch ms of a JSON number of epoch seconds or milliseconds; what is below a millisecond is cut off. */
export function instantOfNumber(text: string): number {
  const whole = floorOf(text, 0);
  return Number(-FIRST_MILLISECONDS < whole && whole < FIRST_MILLISECONDS ? floorOf(text, 3) : whole);
}

/** The number in units of 10^-digits, rounded down. */
function floorOf(text: string, digits: number): bigint {
  const { units } = toUnits(text, digits + EXACT_DIGITS);
  const unit = 10n ** BigInt(EXACT_DIGITS);
  return units / unit - (units % unit < 0n ? 1n : 0n);
}

function zoneOffsetMinutes(zone: string): number | null {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (match === null) return 0; // Z, UTC
  const [, sign, hours, minutes = '0'] = match;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
