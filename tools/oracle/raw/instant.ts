const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|z|UTC|[+-]\d\d(?::?\d\d)?))?)?$/;
/** Numbers below are seconds, from here on milliseconds. */
const FIRST_MILLISECONDS = 100_000_000_000;

/** Epoch ms of a time as text; without a zone it is UTC. Null: not a time. */
export function instantOfText(text: string): number | null {
  if (/^\d{9,13}(\.\d+)?$/.test(text)) return instantOfNumber(Number(text));
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

/** Epoch ms of a time given as epoch seconds or milliseconds. */
export function instantOfNumber(value: number): number {
  return Math.floor(Math.abs(value) < FIRST_MILLISECONDS ? value * 1000 : value);
}

function zoneOffsetMinutes(zone: string): number | null {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (match === null) return 0; // Z, UTC
  const [, sign, hours, minutes = '0'] = match;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
