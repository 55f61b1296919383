import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { CurrentClientTls } from '@tillstream/doors';

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

/** Posts to one server, over connections that are kept. `fetch` cannot be told whom to trust. */
export class HttpClient {
  private readonly agent: HttpAgent | HttpsAgent;
  private readonly send: typeof httpRequest | typeof httpsRequest;

  constructor(
    { protocol }: URL,
    private readonly tls: CurrentClientTls,
  ) {
    const isSecure = protocol === 'https:';
    this.agent = isSecure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.send = isSecure ? httpsRequest : httpRequest;
  }

  /** Rejects when there is no whole answer. */
  post(
    address: URL,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const options = {
        method: 'POST',
        agent: this.agent,
        headers: { ...headers, 'content-length': body.length },
        signal,
        // The agent takes no connection for this one that was made with others.
        ...this.tls.current,
      };
      const request = this.send(address, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'] ?? null,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}
