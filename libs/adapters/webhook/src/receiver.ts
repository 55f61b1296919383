import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import type { Clock } from '@tillstream/engine';
import type { Delivery } from './delivery';
import { signatureOf } from './signature';

export interface ReceiverAddress {
  readonly url: string;
  readonly secrets: readonly string[];
  /** Of `Authorization`; null: none. */
  readonly authorization: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** The sink's variables in the environment begin so; for messages. */
  readonly variables: string;
}

/** What a receiver says to a delivery: it has taken it, but for these rows; or it will never take all of it as it is. */
export type Answer =
  | { readonly kind: 'taken'; readonly refused: ReadonlyMap<string, string> }
  | { readonly kind: 'unprocessable'; readonly reason: string };

const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_REASON_CHARACTERS = 500;
/** Too large, and not understood: of what is delivered, not of who delivers it. */
const OF_THE_CONTENT = new Set([413, 422]);
const LATER = new Set([408, 425, 429]);

/** Whoever takes deliveries. */
export class Receiver {
  constructor(
    private readonly address: ReceiverAddress,
    private readonly clock: Clock,
  ) {}

  /** @throws SinkUnavailableError: it may or may not have it. SinkRefusedError: it takes nothing from us */
  async post({ id, body }: Delivery): Promise<Answer> {
    const { url, secrets, authorization, headers, timeoutMs } = this.address;
    let status: number;
    let text: string;
    let retryAfter: string | null;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        body,
        headers: {
          ...headers,
          'content-type': 'application/json',
          'user-agent': 'tillstream',
          'tillstream-delivery': id,
          'tillstream-signature': signatureOf(body, secrets, this.clock.nowMs()),
          ...(authorization !== null && { authorization }),
        },
        signal: AbortSignal.timeout(timeoutMs),
      });
      status = answer.status;
      retryAfter = answer.headers.get('retry-after');
      text = await beginningOf(answer);
    } catch (error) {
      throw new SinkUnavailableError(`${this.name} does not answer: ${wordsOf(error)}`, null, { cause: error });
    }
    return this.judge(status, text, retryAfter);
  }

  private judge(status: number, text: string, retryAfter: string | null): Answer {
    if (status >= 200 && status < 300) return { kind: 'taken', refused: refusedIn(text) };
    const words = `${status} ${text.trim().slice(0, MAX_REASON_CHARACTERS)}`.trim();
    if (OF_THE_CONTENT.has(status)) return { kind: 'unprocessable', reason: words };
    if (status >= 500 || LATER.has(status)) {
      const seconds = retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;
      throw new SinkUnavailableError(`${this.name} answers ${words}`, seconds === null ? null : seconds * 1_000);
    }
    throw new SinkRefusedError(`${this.name} takes no deliveries: ${words}. ${this.remedy(status)}`);
  }

  private remedy(status: number): string {
    const { variables } = this.address;
    if (status < 400) return 'Redirections are not followed: give the address that it leads to';
    if (status === 401 || status === 403) {
      return `Look at ${variables}SECRET, ${variables}TOKEN, ${variables}USER and ${variables}PASSWORD`;
    }
    if (status === 404 || status === 405 || status === 410) return 'Look at the address of the sink';
    return 'A receiver that does not want a delivery for what is in it answers 422, or 200 with {"refused":[{"id":…,"reason":…}]}';
  }

  /** Without its query, where some have a key. */
  private get name(): string {
    const { origin, pathname } = new URL(this.address.url);
    return `${origin}${pathname}`;
  }
}

/** As much of an answer as is of interest. */
async function beginningOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk as Uint8Array);
    size += (chunk as Uint8Array).length;
    if (size > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Rows that a receiver names as refused: `{"refused":[{"id":"…","reason":"…"}]}`. Any other body says nothing. */
function refusedIn(text: string): ReadonlyMap<string, string> {
  const refused = new Map<string, string>();
  if (!text.includes('"refused"')) return refused;
  try {
    const said = JSON.parse(text) as { readonly refused?: unknown };
    for (const row of Array.isArray(said.refused) ? (said.refused as unknown[]) : []) {
      const { id, reason } = row as { readonly id?: unknown; readonly reason?: unknown };
      if (typeof id !== 'string') continue;
      refused.set(id, typeof reason === 'string' ? reason.slice(0, MAX_REASON_CHARACTERS) : 'refused without a reason');
    }
  } catch {
    // not JSON, or something else: what counts is that it was taken
  }
  return refused;
}

function wordsOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
