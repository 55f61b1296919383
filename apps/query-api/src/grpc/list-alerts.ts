import {
  toTimestamp,
  type AlertEvent,
  type AlertMessage,
  type ListAlertsRequest,
  type ListAlertsResponse,
  type ResultScalar,
  type ResultValue,
  type ValueMap,
  type ValueMessage,
} from '@tillstream/contracts';
import type { AlertBook, KnownAlert } from '../alerts/alert-book';
import type { ServedStream } from '../results/served-stream';
import { toMessage } from '../results/values';
import { instantOf } from './instants';
import { MAX_PAGE_BYTES, pageRows } from './page-rows';
import { invalid } from './refusals';
import { metricOf, type FollowedStream } from './streams';
import { decodePageToken, encodePageToken, questionDigest } from './tokens';

/** One page of a stream's alerts, newest first. Reads no further when nobody waits for it any more. */
export async function listAlerts(
  { stream }: FollowedStream,
  request: ListAlertsRequest,
  book: AlertBook,
  signal: AbortSignal,
): Promise<ListAlertsResponse> {
  const metric = request.metric === '' ? null : metricOf(stream, request.metric).metric.name;
  const [fromMs, toMs] = [instantOf(request.from), instantOf(request.to)];
  if (fromMs !== null && toMs !== null && fromMs >= toMs) throw invalid('from must be before to');
  const question = questionDigest('alerts', stream.name, metric, request.openOnly, fromMs, toMs);
  const after = decodePageToken(question, request.pageToken);
  const limit = pageRows(request.pageSize);
  const declared = new Set(stream.metrics.flatMap(({ metric: { alert } }) => alert?.identity ?? []));

  const alerts: AlertMessage[] = [];
  let bytes = 0;
  let last: AlertEvent | null = null;
  for (const known of await book.alerts(signal)) {
    const { opened } = known;
    if (after && isUpTo(opened, after.startMs, after.group)) continue;
    if (metric !== null && opened.metric !== metric) continue;
    if ((fromMs !== null && opened.openedMs < fromMs) || (toMs !== null && opened.openedMs >= toMs)) continue;
    const state = stateOf(known, declared);
    if (request.openOnly && state !== 'open') continue;
    const message = toAlert(known, state, stream);
    const size = JSON.stringify(message).length;
    if (last && (alerts.length >= limit || bytes + size > MAX_PAGE_BYTES)) {
      return { alerts, nextPageToken: encodePageToken(question, { startMs: last.openedMs, group: last.id }) };
    }
    alerts.push(message);
    bytes += size;
    last = opened;
  }
  return { alerts, nextPageToken: '' };
}

/** Is an alert on the pages before, which have ended with this one? */
function isUpTo({ openedMs, id }: AlertEvent, endMs: number, endId: string): boolean {
  return openedMs > endMs || (openedMs === endMs && id <= endId);
}

function stateOf({ opened, resolved }: KnownAlert, declared: ReadonlySet<string>): string {
  if (resolved) return 'resolved';
  return declared.has(opened.identity) ? 'open' : 'retired';
}

function toAlert({ opened, resolved }: KnownAlert, state: string, stream: ServedStream): AlertMessage {
  const { id, identity, metric, severity, group, sinceMs, openedMs, measures, history } = opened;
  const codec = stream.metricNamed(metric);
  const types = new Map([...(codec?.groups ?? []), ...(codec?.measures ?? [])].map((type) => [type.name, type]));
  const typed = (values: Readonly<Record<string, ResultValue>>): ValueMap =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => {
        const type = types.get(name);
        return [name, type ? toMessage(value, type) : plainValue(value)];
      }),
    );
  const seen = opened.kind === 'opened';
  return {
    ...{ id, metric, definition: identity.slice(identity.lastIndexOf('@') + 1), severity, state },
    group: typed(group),
    since: toTimestamp(sinceMs),
    opened: toTimestamp(openedMs),
    resolved: resolved && toTimestamp(resolved.startMs),
    measures: seen ? typed(measures ?? {}) : {},
    history: seen
      ? Object.fromEntries(Object.entries(history ?? {}).map(([name, value]) => [name, number(value)]))
      : {},
  };
}

/** Numbers of a metric's history; amounts are text. */
function number(value: ResultScalar): ValueMessage {
  if (typeof value === 'string') return { decimal: value };
  return typeof value === 'number' ? { number: value } : {};
}

/** A value whose type nobody declares any more. */
function plainValue(value: ResultValue): ValueMessage {
  if (value === null) return {};
  if (typeof value === 'number') return { number: value };
  if (typeof value === 'boolean') return { flag: value };
  return { text: typeof value === 'string' ? value : JSON.stringify(value) };
}
