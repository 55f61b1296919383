import type { Client, ClientOptions } from '@opensearch-project/opensearch';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';

export interface StoreAddress {
  /** Of one cluster: each has the address of one node, and maybe a path. */
  readonly nodes: readonly string[];
  readonly auth: { readonly username: string; readonly password: string } | null;
  /** Of Elasticsearch; goes before a password. */
  readonly apiKey: string | null;
  readonly timeoutMs: number;
  /** The sink's variables in the environment begin so; for messages. */
  readonly variables: string;
}

export interface StoreRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Lines of a bulk request, instead of a body. */
  readonly lines?: string;
}

/** What a store says to a request, except that it is not there or not now, or that nothing is taken from this caller. */
export interface StoreAnswer {
  readonly status: number;
  readonly body: unknown;
}

const TOO_MANY_REQUESTS = 429;

/** The address of a store, and the requests to it: what everybody's answer means who asks is decided here. */
export class StoreClient {
  private client: Promise<Client> | null = null;

  constructor(private readonly address: StoreAddress) {}

  get nodes(): string {
    return this.address.nodes.join(',');
  }

  /**
   * @throws SinkUnavailableError: no answer, or none that tells anything (5xx), or too much at once (429).
   * SinkRefusedError: wrong credentials, or not enough rights
   */
  async request({ method, path, query, body, lines }: StoreRequest): Promise<StoreAnswer> {
    const client = await (this.client ??= this.connect());
    try {
      const answer = await client.transport.request(
        {
          method,
          path,
          ...(query !== undefined && { querystring: query }),
          ...(body !== undefined && { body }),
          ...(lines !== undefined && { bulkBody: lines }),
        },
        { maxRetries: 0 },
      );
      return { status: answer.statusCode ?? 0, body: answer.body };
    } catch (error) {
      return this.answerIn(error as Error & { readonly meta?: FailedMeta });
    }
  }

  async close(): Promise<void> {
    await (await this.client)?.close();
  }

  /** The package is large: it is loaded when a stream has a sink of this type. */
  private async connect(): Promise<Client> {
    const { nodes, auth, apiKey, timeoutMs } = this.address;
    const { Client } = await import('@opensearch-project/opensearch');
    const options: ClientOptions = {
      nodes: [...nodes],
      requestTimeout: timeoutMs,
      maxRetries: 0,
      ...(apiKey === null && auth !== null && { auth }),
      ...(apiKey !== null && { headers: { authorization: `ApiKey ${apiKey}` } }),
    };
    return new Client(options);
  }

  private answerIn(error: Error & { readonly meta?: FailedMeta }): StoreAnswer {
    const status = error.name === 'ResponseError' ? error.meta?.statusCode : null;
    if (status === null || status === undefined) {
      throw new SinkUnavailableError(`${this.nodes} does not answer: ${error.message}`, null, { cause: error });
    }
    const words = wordsOf(error.meta?.body);
    if (status === TOO_MANY_REQUESTS || status === 408 || status >= 500) {
      const wait = retryAfterMs(error.meta?.headers?.['retry-after']);
      throw new SinkUnavailableError(`${this.nodes} answers ${status}: ${words}`, wait, { cause: error });
    }
    const { variables } = this.address;
    if (status === 401) {
      throw new SinkRefusedError(
        `${this.nodes} does not accept the credentials: ${words}. Give them in ${variables}USER and ${variables}PASSWORD, ` +
          `or an API key in ${variables}API_KEY`,
      );
    }
    if (status === 403) {
      throw new SinkRefusedError(
        `${this.nodes} does not allow what the sink has to do: ${words}. Grant its user the rights to monitor the cluster, ` +
          'to manage index templates, and to create, read, write and flush the indexes of its prefix',
      );
    }
    return { status, body: error.meta?.body };
  }
}

interface FailedMeta {
  readonly statusCode?: number | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, unknown>> | null;
}

interface StoreError {
  readonly type?: unknown;
  readonly reason?: unknown;
  readonly caused_by?: StoreError;
}

/** What a store says of an error, with its causes. */
export function wordsOf(body: unknown): string {
  if (typeof body === 'string') return body.trim().slice(0, 500);
  const error = (body as { readonly error?: unknown } | null)?.error ?? body;
  if (typeof error === 'string') return error;
  const words: string[] = [];
  for (
    let at = error as StoreError | undefined;
    at !== undefined && at !== null && words.length < 5;
    at = at.caused_by
  ) {
    if (typeof at.reason === 'string') words.push(typeof at.type === 'string' ? `${at.type}: ${at.reason}` : at.reason);
  }
  return words.length > 0 ? words.join('; ') : JSON.stringify(body ?? null).slice(0, 500);
}

/** Seconds; a date is not understood, and the usual back-off does as well. */
export function retryAfterMs(header: unknown): number | null {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}
