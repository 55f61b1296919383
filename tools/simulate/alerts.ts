import type { StreamDefinition } from '@tillstream/contracts';
import { decodeAlertRecord } from '@tillstream/contracts';
import { expectedAlerts } from '../oracle/alerts';
import type { ExpectedOutcome, PlainDefinition } from '../oracle/raw-oracle';
import type { ReadTopic } from './verdict';
import { isCart } from './visits';

const text = new TextDecoder();

/** The alerts topic must hold, by key, what the oracle's finals alert of, each record always with the same bytes. */
export function compareAlerts(
  { topics }: StreamDefinition,
  plain: PlainDefinition,
  expected: ExpectedOutcome,
  recordsOf: ReadTopic,
): string[] {
  const problems: string[] = [];
  const byKey = new Map<string, string>();
  const actual = new Set<string>();
  for (const record of recordsOf(topics.alerts).flat()) {
    if (isCart(record)) continue;
    const alert = decodeAlertRecord(record);
    if (alert.kind === 'decided') continue;
    const [key, value] = [text.decode(record.key ?? undefined), text.decode(record.value ?? undefined)];
    const before = byKey.get(key);
    if (before !== undefined && before !== value) problems.push(`alert changed: ${key}: ${before} then ${value}`);
    byKey.set(key, value);
    if (alert.kind === 'unknown') problems.push(`not an alert: ${key}`);
    else {
      const { kind, metric, groupKey, sinceMs, openedMs, startMs, measures } = alert;
      actual.add(lineOf([kind, metric, groupKey, iso(sinceMs), iso(openedMs), iso(startMs), measures]));
    }
  }
  const wanted = new Set(
    Object.entries(plain.metrics)
      .flatMap(([name, metric]) => expectedAlerts(name, metric, expected))
      .map(({ kind, metric, group, since, opened, window, measures }) =>
        lineOf([kind, metric, group, since, opened, window, measures]),
      ),
  );
  const missing = [...wanted].filter((line) => !actual.has(line)).map((line) => `missing alert: ${line}`);
  const surplus = [...actual].filter((line) => !wanted.has(line)).map((line) => `surplus alert: ${line}`);
  return [...problems, ...missing, ...surplus];
}

const lineOf = (parts: readonly unknown[]): string => JSON.stringify(parts);
const iso = (epochMs: number): string => new Date(epochMs).toISOString();
