/** Parts of an instant, in UTC, as CEL names and counts them: months and days of the week or year from 0, dates from 1. */
export const TIME_PARTS = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getDayOfYear',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
] as const;

export type TimePart = (typeof TIME_PARTS)[number];

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** 1 January 1970 was a Thursday. */
const FIRST_WEEKDAY = 4;

/** The part of an instant in epoch ms; NaN of NaN. */
export function timePartOf(part: TimePart, epochMs: number): number {
  switch (part) {
    case 'getMilliseconds':
      return within(epochMs, SECOND_MS, 1);
    case 'getSeconds':
      return within(epochMs, MINUTE_MS, SECOND_MS);
    case 'getMinutes':
      return within(epochMs, HOUR_MS, MINUTE_MS);
    case 'getHours':
      return within(epochMs, DAY_MS, HOUR_MS);
    case 'getDayOfWeek':
      return within(epochMs + FIRST_WEEKDAY * DAY_MS, 7 * DAY_MS, DAY_MS);
    case 'getFullYear':
      return dateOf(epochMs).year;
    case 'getMonth':
      return dateOf(epochMs).month;
    case 'getDate':
      return dateOf(epochMs).day + 1;
    case 'getDayOfMonth':
      return dateOf(epochMs).day;
    case 'getDayOfYear':
      return dateOf(epochMs).dayOfYear;
  }
}

/** How many whole units have passed of the period that an instant is in. */
function within(epochMs: number, periodMs: number, unitMs: number): number {
  return Math.floor((epochMs - Math.floor(epochMs / periodMs) * periodMs) / unitMs);
}

/** Days of 400 years, and how many of them had passed on 1 January 1970 since 1 March of the year 0. */
const ERA_DAYS = 146_097;
const EPOCH_DAYS = 719_468;
/** From 1 January to 1 March, and from 1 March to 1 January. */
const WINTER_DAYS = 59;
const REST_DAYS = 306;

/**
 * A date of the Gregorian calendar; month and days from 0. Years begin in March here, so that the odd day is their last one.
 * Hinnant, “chrono-compatible low-level date algorithms”, civil_from_days.
 */
function dateOf(epochMs: number): { year: number; month: number; day: number; dayOfYear: number } {
  const days = Math.floor(epochMs / DAY_MS) + EPOCH_DAYS;
  const era = Math.floor(days / ERA_DAYS);
  const dayOfEra = days - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * month + 2) / 5);
  const isNewYear = month >= 10; // January and February belong to the year before
  const year = era * 400 + yearOfEra + (isNewYear ? 1 : 0);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return {
    year,
    month: isNewYear ? month - 10 : month + 2,
    day,
    dayOfYear: isNewYear ? dayOfYear - REST_DAYS : dayOfYear + WINTER_DAYS + (isLeap ? 1 : 0),
  };
}
