import type { WatchWindowsRequest, WatchWindowsResponse } from '@tillstream/contracts';
import type { MetricCodec } from '../results/metric-codec';
import type { MetricRows } from '../view/metric-rows';
import { hasReached, type Positions } from '../view/positions';
import { watchRows, type WatchPace, type WatchStep } from '../view/watch-rows';
import { groupFilter } from './group-filter';
import { instantOf } from './instants';
import { metricOf, type FollowedStream } from './streams';
import { decodeResumeToken, encodeResumeToken, questionDigest } from './tokens';

/** What stands and what changes, until `signal` is aborted. Each message is made when it is asked for. */
export async function* watchWindows(
  followed: FollowedStream,
  request: WatchWindowsRequest,
  pace: WatchPace,
  signal: AbortSignal,
): AsyncGenerator<WatchWindowsResponse> {
  const { view } = followed.stream;
  const codec = metricOf(followed.stream, request.metric);
  const { identity } = codec.metric;
  const fromMs = instantOf(request.from);
  const question = questionDigest(identity, request.group, request.finalOnly, fromMs, request.newestWindows);
  const filter = {
    fromMs: fromMs ?? -Infinity,
    toMs: Infinity,
    newestWindows: request.newestWindows === 0 ? null : request.newestWindows,
    group: groupFilter(codec, request.group),
    finalOnly: request.finalOnly,
  };
  const token = decodeResumeToken(question, identity, view.partitions, request.resumeToken);
  const resumeAt = token && (await isOfThisLog(followed, token)) ? token : null;
  for await (const step of watchRows(view, { metric: identity, filter, resumeAt, signal }, pace)) {
    yield toResponse(codec, view.metric(identity), step, (positions) =>
      encodeResumeToken(question, identity, positions),
    );
  }
}

/** A token beyond the end of the log was given out when the topic was another one: there is nothing to wait for. */
async function isOfThisLog(followed: FollowedStream, token: Positions): Promise<boolean> {
  return hasReached(followed.stream.view.positions, token) || hasReached(await followed.ends(), token);
}

function toResponse(
  codec: MetricCodec,
  ofMetric: MetricRows,
  { snapshot, rows, positions }: WatchStep,
  tokenOf: (positions: Positions) => string,
): WatchWindowsResponse {
  const upserts = rows.filter(({ window, slot }) => window.isVisible(slot));
  const retractions = rows.filter(({ window, slot }) => !window.isVisible(slot));
  return {
    snapshot,
    upserts: upserts.map((row) => codec.toResult(row, ofMetric)),
    retractions: retractions.map((row) => codec.toRetraction(row)),
    resumeToken: positions ? tokenOf(positions) : '',
  };
}
