import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResultValue, TopGroupsRequest, TopGroupsResponse } from '@tillstream/contracts';
import { OlderWindows, type AnsweredRow } from '../history/older-windows';
import type { Histories } from '../history/window-history';
import type { MetricCodec } from '../results/metric-codec';
import { compareGroups } from '../view/group-order';
import type { MetricRows } from '../view/metric-rows';
import { listRows, type RowRef } from '../view/row-query';
import { invalid, listed } from './refusals';
import { instantOf } from './instants';
import { metricOf, type FollowedStream } from './streams';

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 1_000;
const LOSING = 'older results may be missing: the view has lost some meanwhile, ask again';
/** Groups of one window that are read of the lake. */
const MOST_STORED = 1_000_000;

interface Ranked {
  readonly group: string;
  readonly value: number;
  readonly answer: () => AnsweredRow;
}

/** The groups of one window by a measure, largest first; equal ones by group. Rows without a value come last. */
export async function topGroups(
  { stream }: FollowedStream,
  request: TopGroupsRequest,
  histories: Histories,
  signal: AbortSignal,
): Promise<TopGroupsResponse> {
  const codec = metricOf(stream, request.metric);
  const { identity } = codec.metric;
  const measure = rankedMeasure(codec, request.measure);
  if (request.limit > MAX_LIMIT) throw invalid(`limit must be at most ${MAX_LIMIT}`);
  const rows = stream.view.metric(identity);
  const newestMs = (): number | undefined => rows.newest(1)[0]?.startMs;
  const askedMs = instantOf(request.windowStart) ?? newestMs();
  const older = await OlderWindows.open(stream, codec, askedMs ?? -Infinity, histories);
  const startMs = askedMs ?? (await older.history?.newestBefore(identity, Infinity)) ?? newestMs();
  if (startMs === undefined) return { windows: [], historyMissing: older.missing(-Infinity) };

  const isOlder = older.history !== null && startMs < older.seamMs;
  const question = { identity, fromMs: startMs, toMs: startMs + 1, after: null, groupHas: [], limit: MOST_STORED };
  const stored = isOlder ? await older.history.page(question) : [];
  const ranked = new Map<string, Ranked>();
  for (const final of stored) {
    const row = older.storedRow(final);
    if (row) ranked.set(row.group, { group: row.group, value: rankOf(row.values[measure]), answer: () => row });
  }
  for (const row of rowsOfWindow(rows, startMs)) {
    if (row === null) {
      await nextTurn();
      if (signal.aborted) return { windows: [], historyMissing: '' };
      continue;
    }
    const group = row.window.group(row.slot);
    if (!row.window.isFinal(row.slot) && ranked.has(group)) continue; // the final is stored
    ranked.set(group, { group, value: rankOf(codec.measureOf(row, measure)), answer: () => older.rowOf(row) });
  }
  const top = [...ranked.values()].sort((a, b) =>
    a.value === b.value ? compareGroups(a.group, b.group) : b.value - a.value,
  );
  const answered = top.slice(0, request.limit || DEFAULT_LIMIT).map(({ answer }) => answer());
  const historyMissing = older.isOvertaken ? LOSING : older.missing(startMs);
  return { windows: await older.complete(answered), historyMissing };
}

function rowsOfWindow(rows: MetricRows, startMs: number): Generator<RowRef | null> {
  const filter = { fromMs: startMs, toMs: startMs + 1, newestWindows: null, group: null, finalOnly: false };
  return listRows(rows, filter, null);
}

/** Index of a measure that has an order. */
function rankedMeasure(codec: MetricCodec, name: string): number {
  const isNumber = (kind: string): boolean => kind === 'integer' || kind === 'number' || kind === 'decimal';
  const index = codec.measures.findIndex((measure) => measure.name === name && isNumber(measure.kind));
  if (index >= 0) return index;
  const names = listed(codec.measures.filter(({ kind }) => isNumber(kind)).map((measure) => measure.name));
  throw invalid(`metric ${codec.metric.name} cannot be ordered by "${name}"; it can by ${names}`);
}

/** Amounts are decimal text of one currency: as doubles they keep their order. */
const rankOf = (value: ResultValue | undefined): number =>
  value === null || value === undefined ? -Infinity : Number(value);
