import type { Refusal } from '@tillstream/adapter-telemetry';
import type { KeyFinding } from '@tillstream/doors';
import type { Verdict } from '../ingest/verdict';

/** What goes back over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** Why nothing was taken in, where the status alone does not say it. */
  readonly refusal?: Refusal;
}

/** 202 where anything was accepted, else 400; the body has one form. */
export function publishedAnswer({ accepted, rejected, furtherRejected }: Verdict): HttpAnswer {
  const body = furtherRejected.length === 0 ? { accepted, rejected } : { accepted, rejected, furtherRejected };
  return answer(accepted > 0 ? 202 : 400, body);
}

/** 400 for a body that is refused as a whole, in the form of every 400. */
export function unreadableAnswer(code: string, message: string): HttpAnswer {
  return answer(400, { accepted: 0, rejected: [{ index: -1, code, path: '$', message }] });
}

export function unauthenticatedAnswer(kind: Exclude<KeyFinding['kind'], 'granted'>): HttpAnswer {
  const challenge =
    kind === 'missing' ? 'Bearer realm="tillstream"' : 'Bearer realm="tillstream", error="invalid_token"';
  return failure(401, 'unauthenticated', UNAUTHENTICATED[kind], { 'www-authenticate': challenge });
}

const UNAUTHENTICATED = {
  missing: 'a write key is needed: Authorization: Bearer <write key>',
  unknown: 'the write key is not known',
  expired: 'the write key has expired: a new one is needed',
};

export function forbiddenAnswer(stream: string): HttpAnswer {
  return failure(403, 'forbidden', `the write key is not for the stream ${stream}`);
}

export function unknownStreamAnswer(stream: string): HttpAnswer {
  return failure(404, 'unknown-stream', `there is no stream ${stream.slice(0, 100)}`);
}

export function unsupportedTypeAnswer(): HttpAnswer {
  return failure(
    415,
    'unsupported-media-type',
    'Content-Type must be application/json or application/x-ndjson, in UTF-8',
  );
}

export function unsupportedEncodingAnswer(): HttpAnswer {
  return failure(415, 'unsupported-content-encoding', 'Content-Encoding must be one of gzip, br, zstd', {
    'accept-encoding': 'gzip, br, zstd',
  });
}

export function tooLargeAnswer(maxBytes: number): HttpAnswer {
  return failure(413, 'body-too-large', `a body may have ${maxBytes} bytes, decoded: send the events in several`);
}

/** 429: too much is in flight here. 503: the log does not take it. */
export function retryAnswer(status: 429 | 503, message: string, retryAfterMs: number): HttpAnswer {
  const retryAfter = String(Math.ceil(retryAfterMs / 1000));
  return failure(status, status === 429 ? 'busy' : 'unavailable', message, { 'retry-after': retryAfter });
}

/** 429 as well, of a key that has had what it is allowed. */
export function limitedAnswer(message: string, waitMs: number): HttpAnswer {
  const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
  return { ...failure(429, 'rate-limited', message, headers), refusal: 'rate_limited' };
}

function failure(status: number, code: string, message: string, headers: Record<string, string> = {}): HttpAnswer {
  return answer(status, { error: { code, message } }, headers);
}

function answer(status: number, body: object, headers: Record<string, string> = {}): HttpAnswer {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}
