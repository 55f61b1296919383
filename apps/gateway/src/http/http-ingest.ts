import type { IncomingMessage } from 'node:http';
import { derivedBatchIds, randomBatchId } from '../ingest/batch-ids';
import { limitMessage, opens } from '@tillstream/doors';
import type { IngestEdge } from '../ingest/ingest-edge';
import { eventsIn } from '../ingest/verdict';
import { bodyEncodingOf, bodyFormOf } from './body-content';
import * as answers from './http-answer';
import type { HttpAnswer } from './http-answer';
import { readBody } from './read-body';
import type { BodyProblem } from './read-body';

export interface HttpIngestOptions {
  readonly maxBodyBytes: number;
  readonly retryAfterMs: number;
}

/** A longer key is no key but a body. */
const MAX_IDEMPOTENCY_KEY_LENGTH = 255;

/** `POST /v1/streams/{stream}/events`, without a framework. */
export class HttpIngest {
  constructor(
    private readonly edge: IngestEdge,
    private readonly options: HttpIngestOptions,
  ) {}

  /**
   * Answers a request. What the headers alone decide is decided before the body is read; the rest of a body that is refused
   * is left unread.
   *
   * @param onBody called before the body is read, for clients that wait to be told (Expect: 100-continue)
   * @returns null when the client has gone
   */
  async handle(request: IncomingMessage, streamName: string, onBody: () => void): Promise<HttpAnswer | null> {
    const { clock, observer } = this.edge;
    const startedMs = clock.monotonicMs();
    const answer = await this.answer(request, streamName, onBody);
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    observer.answered('http', String(answer?.status ?? 'gone'), seconds, answer?.refusal);
    return answer;
  }

  private async answer(request: IncomingMessage, streamName: string, onBody: () => void): Promise<HttpAnswer | null> {
    const { headers } = request;
    const { keys, limits, streams, budget, pool, publisher, clock, isOpen } = this.edge;
    // 1. Who, and where to.
    const found = keys.find(headers.authorization, clock.nowMs());
    if (found.kind !== 'granted') return answers.unauthenticatedAnswer(found.kind);
    const { grant } = found;
    const stream = streams.get(streamName);
    if (stream === undefined) return answers.unknownStreamAnswer(streamName);
    if (!opens(grant.streams, streamName)) return answers.forbiddenAnswer(streamName);
    const admission = limits.admit(grant, clock.monotonicMs());
    if (admission.kind === 'limited') return answers.limitedAnswer(limitMessage(admission), admission.waitMs);

    // 2. In what form.
    const form = bodyFormOf(headers['content-type']);
    if (form === null) return answers.unsupportedTypeAnswer();
    const encoding = bodyEncodingOf(headers['content-encoding']);
    if (encoding === null) return answers.unsupportedEncodingAnswer();
    const idempotencyKey = singleHeader(headers['idempotency-key']);
    if (idempotencyKey.length > MAX_IDEMPOTENCY_KEY_LENGTH) {
      return answers.unreadableAnswer('idempotency-key-too-long', 'an Idempotency-Key may have 255 characters');
    }

    // 3. Is there room for it.
    const { maxBodyBytes } = this.options;
    const announced = Number(headers['content-length'] ?? 0);
    if (announced > maxBodyBytes) return answers.tooLargeAnswer(maxBodyBytes);
    const reservation = isOpen() ? budget.reserve(announced) : null;
    if (reservation === null) return this.noRoom();

    // 4. Read, split, append.
    onBody();
    const read = await readBody(request, { encoding, maxBytes: maxBodyBytes, reservation, pool });
    if (read.kind === 'refused') {
      reservation.release();
      return this.refused(read.problem, encoding);
    }
    const batchIds =
      idempotencyKey === ''
        ? randomBatchId
        : derivedBatchIds({ stream: streamName, callerId: grant.id, key: idempotencyKey });
    const outcome = await publisher.publish({
      stream,
      bytes: read.bytes,
      discard: read.discard,
      form,
      batchIds,
      reservation,
    });
    if (outcome.kind === 'unavailable') return answers.retryAnswer(503, outcome.message, outcome.retryAfterMs);
    limits.brought(grant, eventsIn(outcome.verdict), clock.monotonicMs());
    return answers.publishedAnswer(outcome.verdict);
  }

  private refused(problem: BodyProblem, encoding: string): HttpAnswer | null {
    switch (problem) {
      case 'too-large':
        return answers.tooLargeAnswer(this.options.maxBodyBytes);
      case 'no-room':
        return this.noRoom();
      case 'malformed-encoding':
        return answers.unreadableAnswer('malformed-encoding', `the body is not one whole ${encoding} stream`);
      case 'aborted':
        return null;
    }
  }

  /** Nothing can be taken in now: because the service is starting, much is coming in, or the log does not take it. */
  private noRoom(): HttpAnswer {
    const { retryAfterMs } = this.options;
    if (!this.edge.isOpen()) return answers.retryAnswer(503, 'the service is starting', retryAfterMs);
    return this.edge.publisher.stalled
      ? answers.retryAnswer(503, 'the log is away: send the whole body again', retryAfterMs)
      : answers.retryAnswer(429, 'too much is in flight: send the whole body again', retryAfterMs);
  }
}

function singleHeader(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}
