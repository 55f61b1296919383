import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import type { ClientTls } from '@tillstream/doors';

/** How a service is asked over HTTP. */
export interface Asking {
  readonly method?: 'GET' | 'PUT';
  /** Sent as JSON. */
  readonly body?: object;
  /** For `https://`. */
  readonly tls: ClientTls;
  readonly timeoutMs: number;
  /** Ends the question. */
  readonly signal?: AbortSignal;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly text: string;
  /** The service's clock, as its answer tells it to whole seconds, epoch ms; null: it does not. */
  readonly dateMs: number | null;
}

/**
 * Asks once. Not by fetch, which knows no certificates of our own and refuses some ports.
 *
 * @throws Error that says why there is no answer
 */
export async function askService(
  url: URL,
  { method = 'GET', body, tls, timeoutMs, signal }: Asking,
): Promise<ServiceAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const sent = body === undefined ? null : Buffer.from(JSON.stringify(body));
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = sent ? { 'content-type': 'application/json', 'content-length': sent.length } : {};
      const ended = signal ? AbortSignal.any([signal, timeout]) : timeout;
      send(url, { method, headers, agent: false, signal: ended, ...tls }, resolve)
        .on('error', reject)
        .end(sent);
    });
    const dateMs = Date.parse(response.headers.date ?? '');
    return {
      status: response.statusCode ?? 0,
      text: await text(response),
      dateMs: Number.isNaN(dateMs) ? null : dateMs,
    };
  } catch (error) {
    throw new Error(timeout.aborted ? `no answer within ${timeoutMs / 1_000} s` : reasonOf(error), { cause: error });
  }
}

/** Where a name has several addresses, none of which answers, the error says why only of each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
