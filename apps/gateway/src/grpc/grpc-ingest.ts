import { status } from '@grpc/grpc-js';
import type { Metadata } from '@grpc/grpc-js';
import { limitMessage, opens, type KeyFinding, type ShownKey } from '@tillstream/doors';
import { authorizationOf } from '@tillstream/nest-runtime';
import { bodyFormOf } from '../http/body-content';
import { derivedBatchIds, randomBatchId } from '../ingest/batch-ids';
import type { ByteLane, Reservation } from '../ingest/byte-budget';
import { freeMemory } from '../ingest/free-memory';
import type { IngestEdge } from '../ingest/ingest-edge';
import { eventsIn, type Verdict } from '../ingest/verdict';
import type { PublishRequest, PublishResponse } from '@tillstream/contracts';

export interface GrpcIngestOptions {
  readonly maxBodyBytes: number;
  readonly retryAfterMs: number;
}

/** What `tillstream.ingest.v1.IngestService` answers, apart from its calls. */
export class GrpcIngest {
  /** Of bodies that have come and not been published yet. */
  private readonly shares = new WeakMap<PublishRequest, Reservation>();
  /** What calls show, by their metadata. */
  private readonly shown = new WeakMap<Metadata, ShownKey>();
  /** Answers to keys that have had what they are allowed. */
  private readonly limited = new WeakSet<PublishResponse>();

  constructor(
    private readonly edge: IngestEdge,
    private readonly options: GrpcIngestOptions,
  ) {}

  /** Who calls, by `authorization: Bearer <write key>` in the metadata. */
  find(metadata: Metadata): KeyFinding {
    const shown = this.shown.get(metadata) ?? this.edge.keys.shown(authorizationOf(metadata));
    this.shown.set(metadata, shown);
    return shown(this.edge.clock.nowMs());
  }

  /** Where bodies that begin to come take their share; null while nothing is taken in. */
  get lane(): ByteLane | null {
    return this.edge.isOpen() ? this.edge.budget : null;
  }

  /** Keeps the share that a body took when it began to come. */
  arrived(request: PublishRequest, share: Reservation): void {
    share.shrink(request.payload.length);
    this.shares.set(request, share);
  }

  /** Gives back the share of a body that nobody is going to publish. */
  abandoned(request: PublishRequest): void {
    this.takeShare(request)?.release();
  }

  /** Takes in one body that has `arrived`. Never rejects for what the body or the log is: the response's code says it. */
  async publish(request: PublishRequest, metadata: Metadata): Promise<PublishResponse> {
    const startedMs = this.edge.clock.monotonicMs();
    const response = await this.answer(request, metadata);
    this.answered(response, startedMs);
    return response;
  }

  /** The answer to a body that is refused before it has come: nothing can be taken in now. */
  refuseUnread(): PublishResponse {
    const response = this.noRoom();
    this.answered(response, this.edge.clock.monotonicMs());
    return response;
  }

  /** A call that has ended before a body of it had come. */
  turnedAway(code: status): void {
    this.edge.observer.answered('grpc', status[code], 0);
  }

  private answered(response: PublishResponse, startedMs: number): void {
    const { clock, observer } = this.edge;
    const { code } = response;
    const refusal = this.limited.has(response) ? 'rate_limited' : null;
    observer.answered('grpc', status[code] ?? String(code), (clock.monotonicMs() - startedMs) / 1000, refusal);
  }

  private takeShare(request: PublishRequest): Reservation | null {
    const share = this.shares.get(request) ?? null;
    this.shares.delete(request);
    return share;
  }

  private async answer(request: PublishRequest, metadata: Metadata): Promise<PublishResponse> {
    const { streams, limits, publisher, clock } = this.edge;
    const { stream: name, payload, contentType, idempotencyKey } = request;
    const reservation = this.takeShare(request);
    if (reservation === null) return this.noRoom(); // the caller has gone
    const refuse = (code: status, message: string, retryAfterMs = 0): PublishResponse => {
      reservation.release();
      return failed(code, message, retryAfterMs);
    };
    // A stream may outlive the key that it began with.
    const found = this.find(metadata);
    if (found.kind !== 'granted') return refuse(status.UNAUTHENTICATED, UNAUTHENTICATED[found.kind]);
    const { grant } = found;
    const stream = streams.get(name);
    if (stream === undefined) return refuse(status.NOT_FOUND, `there is no stream ${name.slice(0, 100)}`);
    if (!opens(grant.streams, name)) {
      return refuse(status.PERMISSION_DENIED, `the write key is not for the stream ${name}`);
    }
    const admission = limits.admit(grant, clock.monotonicMs());
    if (admission.kind === 'limited') {
      const response = refuse(status.RESOURCE_EXHAUSTED, limitMessage(admission), admission.waitMs);
      this.limited.add(response);
      return response;
    }
    const form = bodyFormOf(contentType === '' ? 'application/json' : contentType);
    if (form === null) {
      return refuse(status.INVALID_ARGUMENT, 'content_type must be application/json or application/x-ndjson, in UTF-8');
    }
    if (payload.length > this.options.maxBodyBytes) {
      return refuse(status.INVALID_ARGUMENT, `a payload may have ${this.options.maxBodyBytes} bytes`);
    }
    const batchIds =
      idempotencyKey === ''
        ? randomBatchId
        : derivedBatchIds({ stream: name, callerId: grant.id, key: idempotencyKey });
    const outcome = await publisher.publish({
      stream,
      bytes: payload,
      discard: () => freeMemory(payload),
      form,
      batchIds,
      reservation,
    });
    if (outcome.kind === 'unavailable') return failed(status.UNAVAILABLE, outcome.message, outcome.retryAfterMs);
    const { verdict } = outcome;
    limits.brought(grant, eventsIn(verdict), clock.monotonicMs());
    return isUnreadable(verdict)
      ? { ...failed(status.INVALID_ARGUMENT, verdict.rejected[0]?.message ?? ''), ...verdict }
      : { ...verdict, code: status.OK, message: '', retryAfterMs: 0 };
  }

  /** Nothing can be taken in now: because the service is starting, much is coming in, or the log does not take it. */
  private noRoom(): PublishResponse {
    const { retryAfterMs } = this.options;
    if (!this.edge.isOpen()) return failed(status.UNAVAILABLE, 'the service is starting', retryAfterMs);
    return this.edge.publisher.stalled
      ? failed(status.UNAVAILABLE, 'the log is away: send the whole body again', retryAfterMs)
      : failed(status.RESOURCE_EXHAUSTED, 'too much is in flight: send the whole body again', retryAfterMs);
  }
}

export const UNAUTHENTICATED: Readonly<Record<Exclude<KeyFinding['kind'], 'granted'>, string>> = {
  missing: 'a known write key is needed: authorization: Bearer <write key>',
  unknown: 'a known write key is needed: authorization: Bearer <write key>',
  expired: 'the write key has expired: a new one is needed',
};

/** No event of the body could be told from the others: it is the body that is wrong. */
function isUnreadable({ accepted, rejected }: Verdict): boolean {
  const [first, ...others] = rejected;
  if (accepted > 0 || first === undefined || others.length > 0) return false;
  return first.index === -1 || first.code === 'malformed-json';
}

function failed(code: status, message: string, retryAfterMs = 0): PublishResponse {
  return { accepted: 0, rejected: [], furtherRejected: [], code, message, retryAfterMs };
}
