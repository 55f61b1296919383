import { civilFromDays } from './civil';

const DAY_MS = 86_400_000;

/** Epoch milliseconds (years 1970 to 9999) as ISO 8601 in UTC: `2019-10-01T00:00:00.000Z`. */
export function formatEventTime(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS);
  const { year, month, day } = civilFromDays(days);
  const ms = epochMs - days * DAY_MS;
  const time = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60].map((part) =>
    pad(part, 2),
  );
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${time.join(':')}.${pad(ms % 1000, 3)}Z`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
