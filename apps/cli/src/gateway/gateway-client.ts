import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ClientTls } from '@tillstream/doors';
import type { CliClock } from '../cli-clock';
import { CliError } from '../cli-context';
import { isTlsProblem, TLS_REMEDY } from '../options/tls-options';

/** One event that the gateway did not take, with the reason. */
export interface RejectedEvent {
  readonly index: number;
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

/** What the gateway says once Kafka has every accepted event of a body. */
export interface PublishAnswer {
  readonly accepted: number;
  readonly rejected: readonly RejectedEvent[];
}

export interface GatewayClientOptions {
  /** `http://host:port` */
  readonly address: URL;
  /** Write key; null where the gateway asks for none. */
  readonly key: string | null;
  readonly tls: ClientTls;
  readonly clock: CliClock;
  /** Aborted: no further attempt is made; a request under way is still waited for. */
  readonly signal: AbortSignal;
  /** Connections kept open. */
  readonly connections: number;
  /** A body that could not be delivered for so long is given up. */
  readonly giveUpAfterMs: number;
  /** Called before each pause, with what went wrong. */
  readonly onRetry?: (problem: string, pauseMs: number) => void;
}

/** The work was interrupted before the body was acknowledged: whether it is in the log is not known. */
export class PublishInterruptedError extends Error {
  override readonly name = 'PublishInterruptedError';
  readonly code = 'PUBLISH_INTERRUPTED';
}

interface HttpAnswer {
  readonly status: number;
  readonly retryAfterSeconds: number | null;
  readonly body: string;
}

const REQUEST_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** "Not now": the same body again is right. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Sends bodies of events to a gateway and waits until it has answered for each. What is passing (429, 503, a lost
 * connection) is tried again with the same bytes, after the pause the gateway asks for; ids make that safe.
 */
export class GatewayClient {
  private readonly agent: HttpAgent | HttpsAgent;

  constructor(private readonly options: GatewayClientOptions) {
    const settings = { keepAlive: true, maxSockets: options.connections, ...options.tls };
    this.agent = options.address.protocol === 'https:' ? new HttpsAgent(settings) : new HttpAgent(settings);
  }

  /**
   * @param body newline-delimited JSON
   * @throws CliError for what trying again cannot mend, and when it was tried for too long
   * @throws PublishInterruptedError when the signal is aborted between two attempts
   */
  async publish(stream: string, body: Buffer): Promise<PublishAnswer> {
    const { clock, signal, giveUpAfterMs, onRetry } = this.options;
    const startedMs = clock.monotonicMs();
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.post(stream, body).catch((error: unknown) => connectionProblem(error));
      if (typeof answer !== 'string' && !PASSING.has(answer.status)) return this.read(stream, answer);

      if (typeof answer === 'string' && isTlsProblem(answer)) {
        throw new CliError(`no TLS with ${this.options.address.origin}: ${answer}`, TLS_REMEDY);
      }
      const problem = typeof answer === 'string' ? answer : `the gateway answered ${answer.status}`;
      if (clock.monotonicMs() - startedMs >= giveUpAfterMs) {
        throw new CliError(
          `gave up after ${Math.round(giveUpAfterMs / 1000)} s: ${problem}`,
          `Is the gateway running at ${this.options.address.origin} (with TLS: https://…), and can it reach Kafka?`,
        );
      }
      const asked = typeof answer === 'string' ? null : answer.retryAfterSeconds;
      const pauseMs = asked === null ? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) : asked * 1000;
      onRetry?.(problem, pauseMs);
      await clock.sleep(pauseMs, signal);
      if (signal.aborted) throw new PublishInterruptedError(problem);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private post(stream: string, body: Buffer): Promise<HttpAnswer> {
    const { address, key } = this.options;
    const send = address.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(
        new URL(`/v1/streams/${encodeURIComponent(stream)}/events`, address),
        {
          method: 'POST',
          agent: this.agent,
          timeout: REQUEST_TIMEOUT_MS,
          headers: {
            'content-type': 'application/x-ndjson',
            'content-length': body.length,
            ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              retryAfterSeconds: retryAfter(response.headers['retry-after']),
              body: Buffer.concat(chunks).toString('utf8'),
            }),
          );
        },
      );
      request.on('timeout', () => request.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Final answers: taken, refused event by event, or refused as a whole. */
  private read(stream: string, { status, body }: HttpAnswer): PublishAnswer {
    const answer = parseAnswer(body);
    if ((status === 202 || status === 400) && answer !== null) return answer;
    const said = body.length > 300 ? `${body.slice(0, 300)}…` : body;
    throw new CliError(`the gateway answered ${status}: ${said}`, remedyFor(status, stream));
  }
}

function remedyFor(status: number, stream: string): string | null {
  switch (status) {
    case 401:
    case 403:
      return 'Give a write key with --key or TILLSTREAM_WRITE_KEY.';
    case 404:
      return `Is a stream named ${stream} configured at this gateway? --stream names another.`;
    case 413:
      return 'Send smaller bodies with --batch.';
    default:
      return null;
  }
}

/** Seconds or an HTTP date are allowed; the gateway writes seconds. */
function retryAfter(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : null;
}

function parseAnswer(body: string): PublishAnswer | null {
  try {
    const { accepted, rejected } = JSON.parse(body) as { accepted?: unknown; rejected?: unknown };
    if (typeof accepted !== 'number' || !Array.isArray(rejected)) return null;
    return { accepted, rejected: rejected as RejectedEvent[] };
  } catch {
    return null; // some other server's answer
  }
}

/** A request fails only by its connection, and connections come back. */
function connectionProblem(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message === '' ? (code ?? 'no connection') : message;
}
