import type { AlertChange, AlertDefinition, HoppingMetric, MetricDefinition, OpenAlert } from '@tillstream/core';
import { comparableType, formatMoney } from '@tillstream/core';
import type { NewRecord } from '../record';
import type { ResultScalar, ResultValue } from '../results/decode-metrics-record';
import { isoInstant, parseInstant } from '../results/instant';

/*
 * Records of the alerts topic. Keys:
 *
 *   o|identity|opened|group   an alert was opened by the window that starts at `opened`
 *   r|identity|opened|group   it was resolved
 *   w|identity                how far windows have been decided about, and where their finals are read again from
 *
 *   a|session                 somebody has left a cart behind, see `abandoned-cart-record`: of no metric, and unknown here
 *
 * The identity is the alert's, and the group as it stands in the keys of results. Both of an alert have keys of their own, so that
 * one who has lost the partition without noticing does not open anew, for compaction, what has been resolved. Whoever decides
 * about a window writes the same bytes.
 */

/** A window's part in an alert, as it is told. */
export interface ToldChange extends AlertChange {
  /** Of the window that did it; null: it has none of the group. */
  readonly measures: Readonly<Record<string, ResultValue>> | null;
}

/** How far the finals of an alert's metric have been decided about. */
export interface AlertProgress {
  /** Start of the newest window that was decided; -Infinity: none. */
  readonly decidedMs: number;
  /** By partition of the metrics topic: where what undecided windows need begins. */
  readonly readFrom: readonly number[];
  /** By partition of the metrics topic: by when windows are closed, as far as it has been read. */
  readonly closedUntilMs: readonly number[];
}

/** An alert as one of its records tells it. */
export interface AlertEvent extends OpenAlert {
  readonly kind: 'opened' | 'resolved';
  /** What names the alert among all: identity, opened and group. */
  readonly id: string;
  readonly identity: string;
  readonly metric: string;
  readonly groupKey: string;
  readonly group: Readonly<Record<string, ResultValue>>;
  readonly severity: string;
  /** Start and end of the window that did it. */
  readonly startMs: number;
  readonly endMs: number;
  readonly measures: Readonly<Record<string, ResultValue>> | null;
  /** Values of the history that the condition looks at, as written there. */
  readonly history: Readonly<Record<string, ResultScalar>> | null;
}

/** What one record of an alerts topic says. */
export type AlertRecord =
  | AlertEvent
  | ({ readonly kind: 'decided'; readonly identity: string } & AlertProgress)
  /** Not written by this project, or by a version that knows more; a tombstone. */
  | { readonly kind: 'unknown' };

const UNKNOWN: AlertRecord = { kind: 'unknown' };
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The record of a window that has opened or resolved an alert. */
export function encodeAlert(
  metric: HoppingMetric,
  alert: AlertDefinition,
  change: ToldChange,
  moneyExponent: number,
): NewRecord {
  const { kind, group, startMs, sinceMs, openedMs, measures, history } = change;
  const id = `${alert.identity}|${isoInstant(openedMs)}|${group}`;
  const about = {
    alert: metric.name,
    definition: alert.identity.slice(alert.identity.lastIndexOf('@') + 1),
    metric: metric.identity,
    severity: alert.severity,
    state: kind === 'opened' ? 'open' : 'resolved',
    since: isoInstant(sinceMs),
    opened: isoInstant(openedMs),
    window_start: isoInstant(startMs),
    window_end: isoInstant(startMs + metric.window.sizeMs),
  };
  const values =
    history &&
    Object.fromEntries(alert.history.map(({ name }, i) => [name, told(metric, alert, i, history, moneyExponent)]));
  const json = JSON.stringify({ ...about, group: null, measures, history: values });
  return {
    key: Buffer.from(`${kind === 'opened' ? 'o' : 'r'}|${id}`),
    // The group is JSON already, and stays the text that it is in the key.
    value: Buffer.from(json.replace('"group":null', () => `"group":${group}`)),
  };
}

/** A history value as it is told: amounts as text, averages of them in major units, NaN as null. */
function told(
  metric: MetricDefinition,
  { history }: AlertDefinition,
  index: number,
  values: readonly number[],
  moneyExponent: number,
): ResultScalar {
  const value = values[index] ?? NaN;
  if (!Number.isFinite(value)) return null;
  const { kind, measure: name } = history[index] ?? {};
  const measure = metric.measures.find((one) => one.name === name);
  if (kind !== 'change' || !measure || comparableType(measure) !== 'money') return value;
  return measure.kind === 'avg' ? value / 10 ** moneyExponent : formatMoney(value, moneyExponent);
}

/** How far an alert's windows have been decided. It stands behind all that was told of them. */
export function encodeAlertProgress(
  { identity }: AlertDefinition,
  { decidedMs, readFrom, closedUntilMs }: AlertProgress,
): NewRecord {
  const instant = (ms: number): string | null => (Number.isFinite(ms) ? isoInstant(ms) : null);
  const value = { decided: instant(decidedMs), read_from: readFrom, closed_until: closedUntilMs.map(instant) };
  return { key: Buffer.from(`w|${identity}`, 'latin1'), value: Buffer.from(JSON.stringify(value), 'latin1') };
}

/** Reads a record of an alerts topic. Never throws: what is not understood is `unknown`. */
export function decodeAlertRecord({ key, value }: Pick<NewRecord, 'key' | 'value'>): AlertRecord {
  if (key === null || value === null) return UNKNOWN;
  try {
    const text = decoder.decode(key);
    if (!/^[orw]\|/.test(text)) return UNKNOWN; // unread: of carts there may be millions
    const json = JSON.parse(decoder.decode(value)) as Readonly<Record<string, unknown>> | null;
    if (typeof json !== 'object' || json === null) return UNKNOWN;
    if (text.startsWith('w|')) return decodeProgress(text.slice(2), json);
    return decodeEvent(text, json);
  } catch {
    return UNKNOWN; // broken UTF-8 or JSON: not ours
  }
}

function decodeEvent(keyText: string, json: Readonly<Record<string, unknown>>): AlertRecord {
  const [letter, identity, opened] = keyText.split('|', 3);
  if (letter === undefined || identity === undefined || opened === undefined) return UNKNOWN;
  const [openedMs, sinceMs] = [parseInstant(opened), parseInstant(json['since'])];
  const [startMs, endMs] = [parseInstant(json['window_start']), parseInstant(json['window_end'])];
  const { alert: metric, severity, group, measures, history } = json;
  if (openedMs === null || sinceMs === null || startMs === null || endMs === null) return UNKNOWN;
  if (typeof metric !== 'string' || typeof severity !== 'string' || !isObject(group)) return UNKNOWN;
  return {
    kind: letter === 'o' ? 'opened' : 'resolved',
    id: keyText.slice(2),
    identity,
    metric,
    groupKey: keyText.slice(identity.length + opened.length + 4),
    group,
    severity,
    sinceMs,
    openedMs,
    startMs,
    endMs,
    measures: isObject(measures) ? measures : null,
    history: isObject(history) ? (history as Record<string, ResultScalar>) : null,
  };
}

function decodeProgress(identity: string, json: Readonly<Record<string, unknown>>): AlertRecord {
  const { decided, read_from: readFrom, closed_until: closed } = json;
  if (!Array.isArray(readFrom) || !Array.isArray(closed) || readFrom.length !== closed.length) return UNKNOWN;
  if (!readFrom.every((offset) => Number.isSafeInteger(offset) && Number(offset) >= 0)) return UNKNOWN;
  const instants = [decided, ...(closed as unknown[])].map((text) => (text === null ? -Infinity : parseInstant(text)));
  const [decidedMs, ...closedUntilMs] = instants.map((ms) => ms ?? NaN);
  if (decidedMs === undefined || instants.includes(null)) return UNKNOWN;
  return { kind: 'decided', identity, decidedMs, readFrom: readFrom as number[], closedUntilMs };
}

function isObject(value: unknown): value is Readonly<Record<string, ResultValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
