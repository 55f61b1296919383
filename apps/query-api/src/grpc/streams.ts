import { status } from '@grpc/grpc-js';
import { GrpcStatusError } from '@tillstream/nest-runtime';
import type { MetricCodec } from '../results/metric-codec';
import type { ServedStream } from '../results/served-stream';
import type { Positions } from '../view/positions';
import { invalid, listed } from './refusals';

/** A stream with what its follower knows. */
export interface FollowedStream {
  readonly stream: ServedStream;
  /** Null once the view has caught up with its log, else what is still missing. */
  readonly missing: string | null;
  /** By partition: where the results' log ends now. */
  ends(): Promise<Positions>;
}

/** The streams that are answered for, as one caller may see them. */
export class ReadableStreams {
  constructor(
    private readonly followed: readonly FollowedStream[],
    /** Null: all. */
    private readonly allowed: readonly string[] | null,
  ) {}

  /** @throws GrpcStatusError UNAVAILABLE while the view has not caught up */
  all(): readonly FollowedStream[] {
    const readable = this.followed.filter(({ stream }) => this.allowed?.includes(stream.name) ?? true);
    for (const { missing } of readable) {
      if (missing !== null) throw new GrpcStatusError(status.UNAVAILABLE, `not ready to answer yet: ${missing}`);
    }
    return readable;
  }

  /** @throws GrpcStatusError NOT_FOUND, UNAVAILABLE */
  named(name: string): FollowedStream {
    const readable = this.all();
    const found = readable.find(({ stream }) => stream.name === name);
    if (found) return found;
    const names = listed(readable.map(({ stream }) => stream.name));
    throw new GrpcStatusError(status.NOT_FOUND, `there is no stream "${name}"; there is ${names}`);
  }
}

/** @throws GrpcStatusError INVALID_ARGUMENT that names the metrics there are */
export function metricOf(stream: ServedStream, name: string): MetricCodec {
  const found = stream.metricNamed(name);
  if (found) return found;
  const names = listed(stream.metrics.map(({ metric }) => metric.name));
  throw invalid(`stream ${stream.name} has no metric "${name}"; it has ${names}`);
}
