import { setImmediate as nextTurn } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import {
  toTimestamp,
  type ExplainWindowRequest,
  type ExplainWindowResponse,
  type ExplainedPartitionMessage,
  type ResultValue,
  type RowPositionMessage,
  type SampleRowMessage,
  type ToldRevisionMessage,
} from '@tillstream/contracts';
import { isSession, isTotal, type GroupValue } from '@tillstream/core';
import {
  explainWindow,
  groupValuesOf,
  NothingRetainedError,
  StopPartitionError,
  WindowNotRetainedError,
  type Explanation,
  type LogReader,
  type PartitionCensus,
  type SampleRow,
  type ToldResult,
} from '@tillstream/engine';
import { GrpcStatusError } from '@tillstream/nest-runtime';
import type { MetricCodec } from '../results/metric-codec';
import { groupValue } from './group-filter';
import { instantOf } from './instants';
import { invalid, listed } from './refusals';
import { metricOf, type FollowedStream } from './streams';

const MOST_SAMPLES = 20;

export interface ExplainLimits {
  /** So many explanations are worked on at a time; who asks for more is told to come again. */
  readonly atOnce: number;
  /** One that takes longer is given up. */
  readonly timeoutMs: number;
}

/** Explains numbers from the log, a few at a time: each costs a reading of a part of raw. */
export class Explainer {
  private underWay = 0;

  constructor(
    private readonly log: LogReader,
    private readonly limits: ExplainLimits,
    private readonly stopping: AbortSignal,
  ) {}

  async explain(
    { stream }: FollowedStream,
    request: ExplainWindowRequest,
    cancelled: AbortSignal,
  ): Promise<ExplainWindowResponse> {
    const codec = metricOf(stream, request.metric);
    const { metric } = codec;
    refuseDerived(codec);
    const { definition } = stream;
    const startMs = startOf(codec, request);
    const group = groupOf(codec, request, definition.schema);
    if (request.samples > MOST_SAMPLES) throw invalid(`samples can be at most ${MOST_SAMPLES}`);
    const timeout = AbortSignal.timeout(this.limits.timeoutMs);
    const signal = AbortSignal.any([cancelled, this.stopping, timeout]);
    const breathe = async (): Promise<void> => {
      await nextTurn();
      signal.throwIfAborted();
    };
    const mostSamples = request.samples === 0 ? MOST_SAMPLES : request.samples;
    const options = { reader: this.log, definition, metric, startMs, group, mostSamples, breathe };
    const explanation = await this.oneOfFew(async () => {
      try {
        return await explainWindow(options);
      } catch (error) {
        throw this.refusal(error, { isCancelled: cancelled.aborted, isTimeout: timeout.aborted });
      }
    });
    const completeFromMs = stream.view.completeFromMs(metric.identity) ?? -Infinity;
    const lateRows = stream.view.metric(metric.identity).at(startMs)?.lateRows ?? 0;
    return toMessage(explanation, codec, completeFromMs, lateRows);
  }

  private async oneOfFew<T>(work: () => Promise<T>): Promise<T> {
    const { atOnce } = this.limits;
    if (this.underWay >= atOnce) {
      throw new GrpcStatusError(
        status.RESOURCE_EXHAUSTED,
        `${atOnce} explanations are being worked on, and each reads a part of the log: ask again in a moment`,
      );
    }
    this.underWay += 1;
    try {
      return await work();
    } finally {
      this.underWay -= 1;
    }
  }

  private refusal(error: unknown, ended: { readonly isCancelled: boolean; readonly isTimeout: boolean }): unknown {
    if (error instanceof WindowNotRetainedError) {
      const earliest = new Date(error.earliestMs).toISOString();
      return unavailable(`the raw log no longer holds all rows of this window: it has those from ${earliest} on`);
    }
    if (error instanceof NothingRetainedError || error instanceof StopPartitionError) return unavailable(error.message);
    if (ended.isCancelled) return new GrpcStatusError(status.CANCELLED, 'nobody waits for the explanation any more');
    if (ended.isTimeout) {
      return new GrpcStatusError(
        status.DEADLINE_EXCEEDED,
        `not explained within ${this.limits.timeoutMs} ms: raise TILLSTREAM_EXPLAIN_TIMEOUT_MS of the query-api`,
      );
    }
    if (this.stopping.aborted) return new GrpcStatusError(status.UNAVAILABLE, 'this replica is stopping: ask again');
    return error;
  }
}

const unavailable = (message: string): GrpcStatusError => new GrpcStatusError(status.FAILED_PRECONDITION, message);

/** @throws GrpcStatusError INVALID_ARGUMENT for what is computed over sessions or attributions: its rows are not in the raw log */
function refuseDerived({ metric, from }: MetricCodec): void {
  if (from === null) return;
  throw invalid(
    `${metric.name} is over ${from}, and only metrics over events are explained: ` +
      `\`till verify\` computes it once more from the raw log and names every window that differs`,
  );
}

/** @throws GrpcStatusError INVALID_ARGUMENT that names the windows around an instant at which none begins */
function startOf({ metric }: MetricCodec, { windowStart }: ExplainWindowRequest): number {
  const startMs = instantOf(windowStart);
  if (startMs === null) throw invalid('window_start must be set');
  if (isSession(metric.window) || isTotal(metric.window)) {
    const has = isSession(metric.window) ? 'sessions' : 'a running total';
    throw invalid(`${metric.name} has ${has}, and only windows of one size are explained`);
  }
  const { hopMs } = metric.window;
  const before = Math.floor(startMs / hopMs) * hopMs;
  if (before === startMs) return startMs;
  const around = [before, before + hopMs].map((ms) => new Date(ms).toISOString());
  throw invalid(`no window of ${metric.name} begins then: there is one at ${around.join(' and one at ')}`);
}

/** @throws GrpcStatusError INVALID_ARGUMENT unless there is a fitting value for each field of the group */
function groupOf(
  codec: MetricCodec,
  { group }: ExplainWindowRequest,
  schema: Parameters<typeof groupValuesOf>[2],
): readonly GroupValue[] {
  const { metric } = codec;
  const given = Object.entries(group).map(([name, message]): [string, ResultValue] => [
    name,
    groupValue(codec, name, message),
  ]);
  const missing = metric.groupBy.filter((name) => !Object.hasOwn(group, name));
  if (missing.length > 0) {
    throw invalid(
      `one group is explained at a time: ${metric.name} is grouped by ${listed(metric.groupBy)}, give ${listed(missing)} too`,
    );
  }
  const values = groupValuesOf(Object.fromEntries(given), metric, schema);
  if (!values)
    throw invalid(`the group is not one that ${metric.name} can have: instants are ISO 8601, amounts decimal`);
  return values;
}

function toMessage(
  explanation: Explanation,
  codec: MetricCodec,
  completeFromMs: number,
  lateRows: number,
): ExplainWindowResponse {
  const { history, recomputed, partitions, samples, traceIds, startMs } = explanation;
  // Before the metric was declared there was nobody who could have told it.
  const isUntold = explanation.verdict === 'missing' && startMs < completeFromMs;
  return {
    verdict: isUntold ? 'untold' : explanation.verdict,
    told: history.told && codec.toResultOf(history.told.result, lateRows),
    recomputed: recomputed && codec.toResultOf(recomputed, lateRows),
    partitions: partitions.map(partitionMessage),
    revisions: history.revisions.map((told) => revisionMessage(told, codec)),
    revisionsLeftOut: String(history.leftOut),
    samples: samples.map(sampleMessage),
    traceIds,
    finalTraceId: history.finalTraceId ?? '',
  };
}

function partitionMessage(census: PartitionCensus): ExplainedPartitionMessage {
  const { partition, readFrom, readNext, contributed, records, rows, otherGroups, deadLetters, closedAt } = census;
  const range = (from: number, next: number) => ({ from: String(from), next: String(next) });
  return {
    partition,
    read: range(readFrom, readNext),
    contributed: contributed && range(contributed.from, contributed.next),
    records: String(records),
    counted: String(rows.counted),
    filtered: String(rows.filtered),
    late: String(rows.late),
    duplicates: String(rows.duplicate),
    otherGroups: String(otherGroups),
    deadLetters: Object.fromEntries([...deadLetters].map(([code, count]) => [code, String(count)])),
    closedAt: closedAt === null ? null : position(partition, closedAt),
  };
}

function revisionMessage({ partition, offset, appendMs, result }: ToldResult, codec: MetricCodec): ToldRevisionMessage {
  return {
    position: position(partition, offset),
    appended: toTimestamp(appendMs),
    final: result.final,
    revision: String(result.revision),
    measures: codec.measuresOf(result),
    retracted: result.retracted,
  };
}

function sampleMessage({ fate, partition, offset, index, eventMs, json, traceId }: SampleRow): SampleRowMessage {
  return {
    fate,
    position: position(partition, offset, index),
    eventTime: toTimestamp(eventMs),
    row: json,
    traceId: traceId ?? '',
  };
}

const position = (partition: number, offset: number, index = 0): RowPositionMessage => ({
  ...{ partition, offset: String(offset), index },
});
