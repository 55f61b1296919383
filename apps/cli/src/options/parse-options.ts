import { InvalidArgumentError } from 'commander';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `10s`, `5m`, `2h`, `1d` → ms. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('a duration looks like 500ms, 10s, 5m, 2h or 1d');
  return Math.round(Number(match[1]) * (UNITS_MS[match[2] ?? ''] ?? 1));
}

/** `0.05` or `5%` → 0.05 */
export function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const share = match === null ? NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (!(share >= 0 && share <= 1)) throw new InvalidArgumentError('a share looks like 0.05 or 5%');
  return share;
}

/** `3%:20m` → so many, so late. */
export function parseLateness(text: string): { readonly share: number; readonly maxMs: number } {
  const [share = '', maximum = '10m', ...rest] = text.split(':');
  if (rest.length > 0) throw new InvalidArgumentError('lateness looks like 3%:20m');
  return { share: parseShare(share), maxMs: parseDuration(maximum) };
}

/** A whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (!(value >= least)) throw new InvalidArgumentError(`a whole number from ${least} on is wanted`);
    return value;
  };
}

/** A number from 0 on. */
export function parseRate(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) throw new InvalidArgumentError('a number of events per second is wanted; 0: no limit');
  return value;
}

/** An ISO time, or epoch milliseconds → epoch ms. */
export function parseInstant(text: string): number {
  const value = /^\d{9,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('a time looks like 2024-05-01T12:00:00Z');
  return value;
}

/** `max`, `60x`, `1x` → how many seconds of event time pass in one second; Infinity for `max`. */
export function parseSpeed(text: string): number {
  if (text === 'max') return Infinity;
  const match = /^(\d+(?:\.\d+)?)x$/.exec(text);
  const speed = Number(match?.[1] ?? 0);
  if (!(speed > 0)) throw new InvalidArgumentError('a speed looks like max, 60x or 1x');
  return speed;
}
