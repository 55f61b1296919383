import { status } from '@grpc/grpc-js';
import type { Metadata } from '@grpc/grpc-js';
import { bodyFormOf } from '../http/body-content';
import { derivedBatchIds, randomBatchId } from '../ingest/batch-ids';
import type { ByteLane, Reservation } from '../ingest/byte-budget';
import { freeMemory } from '../ingest/free-memory';
import type { IngestEdge } from '../ingest/ingest-edge';
import type { Verdict } from '../ingest/verdict';
import type { Caller } from '../ingest/write-keys';
import type { PublishRequest, PublishResponse } from '@tillstream/contracts';

export interface GrpcIngestOptions {
  readonly maxBodyBytes: number;
  readonly retryAfterMs: number;
}

/** What `tillstream.ingest.v1.IngestService` answers, apart from its calls. */
export class GrpcIngest {
  /** Of bodies that have come and not been published yet. */
  private readonly shares = new WeakMap<PublishRequest, Reservation>();

  constructor(
    private readonly edge: IngestEdge,
    private readonly options: GrpcIngestOptions,
  ) {}

  /** Who calls, by `authorization: Bearer <write key>` in the metadata; null when nobody we know. */
  caller(metadata: Metadata): Caller | null {
    return this.edge.keys.find(metadata.get('authorization')[0]?.toString());
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
  async publish(request: PublishRequest, caller: Caller): Promise<PublishResponse> {
    const startedMs = this.edge.clock.monotonicMs();
    const response = await this.answer(request, caller);
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

  private answered({ code }: PublishResponse, startedMs: number): void {
    const { clock, observer } = this.edge;
    observer.answered('grpc', status[code] ?? String(code), (clock.monotonicMs() - startedMs) / 1000);
  }

  private takeShare(request: PublishRequest): Reservation | null {
    const share = this.shares.get(request) ?? null;
    this.shares.delete(request);
    return share;
  }

  private async answer(request: PublishRequest, caller: Caller): Promise<PublishResponse> {
    const { streams, publisher } = this.edge;
    const { stream: name, payload, contentType, idempotencyKey } = request;
    const reservation = this.takeShare(request);
    if (reservation === null) return this.noRoom(); // the caller has gone
    const refuse = (code: status, message: string): PublishResponse => {
      reservation.release();
      return failed(code, message);
    };
    const stream = streams.get(name);
    if (stream === undefined) return refuse(status.NOT_FOUND, `there is no stream ${name.slice(0, 100)}`);
    if (!caller.mayWrite(name)) return refuse(status.PERMISSION_DENIED, `the write key is not for the stream ${name}`);
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
        : derivedBatchIds({ stream: name, callerId: caller.id, key: idempotencyKey });
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

/** No event of the body could be told from the others: it is the body that is wrong. */
function isUnreadable({ accepted, rejected }: Verdict): boolean {
  const [first, ...others] = rejected;
  if (accepted > 0 || first === undefined || others.length > 0) return false;
  return first.index === -1 || first.code === 'malformed-json';
}

function failed(code: status, message: string, retryAfterMs = 0): PublishResponse {
  return { accepted: 0, rejected: [], furtherRejected: [], code, message, retryAfterMs };
}
