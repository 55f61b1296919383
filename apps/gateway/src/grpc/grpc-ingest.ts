import { status } from '@grpc/grpc-js';
import type { Metadata } from '@grpc/grpc-js';
import { bodyFormOf } from '../http/body-content';
import { derivedBatchIds, randomBatchId } from '../ingest/batch-ids';
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
  constructor(
    private readonly edge: IngestEdge,
    private readonly options: GrpcIngestOptions,
  ) {}

  /** Who calls, by `authorization: Bearer <write key>` in the metadata; null when nobody we know. */
  caller(metadata: Metadata): Caller | null {
    return this.edge.keys.find(metadata.get('authorization')[0]?.toString());
  }

  /** Takes in one body. Never rejects for what the body or the log is: the response's code says it. */
  async publish(request: PublishRequest, caller: Caller): Promise<PublishResponse> {
    const { clock, observer } = this.edge;
    const startedMs = clock.monotonicMs();
    const response = await this.answer(request, caller);
    const code = status[response.code] ?? String(response.code);
    observer.answered('grpc', code, (clock.monotonicMs() - startedMs) / 1000);
    return response;
  }

  private async answer(request: PublishRequest, caller: Caller): Promise<PublishResponse> {
    const { streams, budget, publisher, isOpen } = this.edge;
    const { stream: name, payload, contentType, idempotencyKey } = request;
    const stream = streams.get(name);
    if (stream === undefined) return failed(status.NOT_FOUND, `there is no stream ${name.slice(0, 100)}`);
    if (!caller.mayWrite(name)) return failed(status.PERMISSION_DENIED, `the write key is not for the stream ${name}`);
    const form = bodyFormOf(contentType === '' ? 'application/json' : contentType);
    if (form === null) {
      return failed(status.INVALID_ARGUMENT, 'content_type must be application/json or application/x-ndjson, in UTF-8');
    }
    if (payload.length > this.options.maxBodyBytes) {
      return failed(status.INVALID_ARGUMENT, `a payload may have ${this.options.maxBodyBytes} bytes`);
    }
    const reservation = isOpen() ? budget.reserve(payload.length) : null;
    if (reservation === null) return this.noRoom();

    const batchIds =
      idempotencyKey === ''
        ? randomBatchId
        : derivedBatchIds({ stream: name, callerId: caller.id, key: idempotencyKey });
    const outcome = await publisher.publish({
      stream,
      bytes: payload,
      discard: () => {},
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
