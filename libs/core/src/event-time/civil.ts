// The proleptic Gregorian calendar as arithmetic: days since 1970-01-01, years from 0 to 9999.
const DAYS_BEFORE_MONTH = Int16Array.of(0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334);
const DAYS_IN_MONTH = Int8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
const DAYS_BEFORE_1970 = 719_528;
const DAYS_IN_400_YEARS = 146_097;

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Days in a month from 1 to 12; 0 for any other number. */
export function daysInMonth(year: number, month: number): number {
  if (month < 1 || month > 12) return 0;
  return month === 2 && isLeapYear(year) ? 29 : (DAYS_IN_MONTH[month] as number);
}

/** Days from 1970-01-01 to a valid date. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const before = year - 1;
  const leapDays = year === 0 ? 0 : ((before / 4) | 0) - ((before / 100) | 0) + ((before / 400) | 0) + 1; // the year 0 was a leap year
  const leapDayPassed = month > 2 && isLeapYear(year) ? 1 : 0;
  return year * 365 + leapDays + (DAYS_BEFORE_MONTH[month] as number) + leapDayPassed + day - 1 - DAYS_BEFORE_1970;
}

/** The date that lies `days` after 1970-01-01. */
export function civilFromDays(days: number): { year: number; month: number; day: number } {
  const sinceYear0 = days + DAYS_BEFORE_1970;
  let year = Math.floor((sinceYear0 * 400) / DAYS_IN_400_YEARS);
  while (daysFromCivil(year + 1, 1, 1) <= days) year++;
  while (daysFromCivil(year, 1, 1) > days) year--;
  let month = 12;
  while (daysFromCivil(year, month, 1) > days) month--;
  return { year, month, day: days - daysFromCivil(year, month, 1) + 1 };
}
