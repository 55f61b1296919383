import {
  toDuration,
  toTimestamp,
  type ListMetricsRequest,
  type ListMetricsResponse,
  type MetricMessage,
  type TimestampMessage,
} from '@tillstream/contracts';
import type { MetricCodec } from '../results/metric-codec';
import { isSession, isTotal, relativeErrorOf, type WindowSpec } from '@tillstream/core';
import type { ServedStream } from '../results/served-stream';
import type { ReadableStreams } from './streams';

/** What is computed, and what of it can be asked for here. */
export function listMetrics(streams: ReadableStreams, request: ListMetricsRequest): ListMetricsResponse {
  const asked = request.stream === '' ? streams.all() : [streams.named(request.stream)];
  return {
    metrics: asked.flatMap(({ stream }) => [
      ...stream.metrics.map((codec) => describe(stream, codec, false)),
      ...(request.includeRetired ? stream.retired.map((codec) => describe(stream, codec, true)) : []),
    ]),
  };
}

function describe(stream: ServedStream, codec: MetricCodec, retired: boolean): MetricMessage {
  const { metric, measures } = codec;
  const rows = stream.view.metric(metric.identity);
  return {
    stream: stream.name,
    name: metric.name,
    definition: metric.identity.slice(metric.identity.lastIndexOf('@') + 1),
    ...windowsOf(metric.window),
    outOfOrderness: toDuration(metric.outOfOrdernessMs),
    groupBy: metric.groupBy,
    measures: metric.measures.map((measure, i) => ({
      name: measure.name,
      kind: measure.kind,
      valueKind: measures[i]!.kind,
      relativeError: relativeErrorOf(measure),
    })),
    completeFrom: optionalTimestamp(stream.view.completeFromMs(metric.identity)),
    oldestWindow: optionalTimestamp(rows.oldest()?.startMs ?? null),
    newestWindow: optionalTimestamp(rows.newest(1)[0]?.startMs ?? null),
    compare: (metric.compare ?? []).map(({ name }) => name),
    retired,
    from: codec.from ?? '',
  };
}

type Windows = Pick<MetricMessage, 'windowSize' | 'windowHop' | 'sessionGap' | 'sessionMaxDuration' | 'runningTotal'>;
const NO_WINDOWS: Windows = {
  windowSize: null,
  windowHop: null,
  sessionGap: null,
  sessionMaxDuration: null,
  runningTotal: false,
};

function windowsOf(window: WindowSpec): Windows {
  if (isTotal(window)) return { ...NO_WINDOWS, runningTotal: true };
  if (isSession(window)) {
    const { gapMs, maxDurationMs } = window;
    return { ...NO_WINDOWS, sessionGap: toDuration(gapMs), sessionMaxDuration: toDuration(maxDurationMs) };
  }
  return { ...NO_WINDOWS, windowSize: toDuration(window.sizeMs), windowHop: toDuration(window.hopMs) };
}

const optionalTimestamp = (epochMs: number | null): TimestampMessage | null =>
  epochMs === null ? null : toTimestamp(epochMs);
