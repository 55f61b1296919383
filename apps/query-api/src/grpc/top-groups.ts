import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TopGroupsRequest, TopGroupsResponse } from '@tillstream/contracts';
import type { MetricCodec } from '../results/metric-codec';
import type { MetricRows } from '../view/metric-rows';
import { listRows, type RowRef } from '../view/row-query';
import { invalid, listed } from './refusals';
import { instantOf } from './instants';
import { metricOf, type FollowedStream } from './streams';

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 1_000;

interface Ranked {
  readonly row: RowRef;
  readonly value: number;
}

/** The groups of one window by a measure, largest first; equal ones by group. Rows without a value come last. */
export async function topGroups(
  { stream }: FollowedStream,
  request: TopGroupsRequest,
  signal: AbortSignal,
): Promise<TopGroupsResponse> {
  const codec = metricOf(stream, request.metric);
  const measure = rankedMeasure(codec, request.measure);
  if (request.limit > MAX_LIMIT) throw invalid(`limit must be at most ${MAX_LIMIT}`);
  const rows = stream.view.metric(codec.metric.identity);
  const startMs = instantOf(request.windowStart) ?? rows.newest(1)[0]?.startMs;
  if (startMs === undefined) return { windows: [], historyMissing: '' };

  const ranked: Ranked[] = [];
  for (const row of rowsOfWindow(rows, startMs)) {
    if (row !== null) ranked.push({ row, value: rankOf(codec.measureOf(row, measure)) });
    else {
      await nextTurn();
      if (signal.aborted) return { windows: [], historyMissing: '' };
    }
  }
  // They come in the order of their groups, and sorting keeps that order among equals.
  const top = ranked.sort((a, b) => (a.value === b.value ? 0 : b.value - a.value));
  const windows = top.slice(0, request.limit || DEFAULT_LIMIT).map(({ row }) => codec.toResult(row, rows));
  return { windows, historyMissing: '' };
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
const rankOf = (value: unknown): number => (value === null ? -Infinity : Number(value));
