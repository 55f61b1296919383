import { createHash } from 'node:crypto';
import type { CurrentClientTls } from '@tillstream/doors';
import { HttpClient } from './http-client';
import { fetchProblem } from '../relay/fetch-problem';
import { retryAfterMs } from '../relay/retry-after';

/** What the gateway said of a body, once the log has what it accepted. */
export interface Delivery {
  readonly accepted: number;
  readonly rejected: readonly { readonly code: string; readonly path: string; readonly message: string }[];
}

/** The body may or may not be in the log: it is to be sent again, the same bytes. */
export class DoorProblem extends Error {
  override readonly name = 'DoorProblem';
  readonly code = 'DOOR_PROBLEM';

  constructor(
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** Brings bodies into a stream. */
export interface Door {
  /**
   * @param headers that the call has beside its own
   * @throws DoorProblem
   */
  deliver(bytes: Buffer, headers?: Readonly<Record<string, string>>): Promise<Delivery>;
}

const TIMEOUT_MS = 15_000;
const SHOWN_CHARACTERS = 200;

/**
 * The gateway's door, by which all events of a stream come in: they are checked and put into partitions there, by the stream
 * file that is in force, and a gateway that has too much to do says so. The same bytes are known by their hash, should an
 * answer be lost.
 */
export class GatewayDoor implements Door {
  private readonly address: URL;
  private readonly client: HttpClient;

  constructor(
    gateway: { readonly url: URL; readonly key: string | null; readonly tls: CurrentClientTls },
    stream: string,
    private readonly nowMs: () => number,
  ) {
    this.client = new HttpClient(gateway.url, gateway.tls);
    this.address = new URL(`/v1/streams/${encodeURIComponent(stream)}/events`, gateway.url);
    this.headers = {
      'content-type': 'application/x-ndjson',
      ...(gateway.key === null ? {} : { authorization: `Bearer ${gateway.key}` }),
    };
  }

  private readonly headers: Readonly<Record<string, string>>;

  async deliver(bytes: Buffer, more: Readonly<Record<string, string>> = {}): Promise<Delivery> {
    const headers = { ...this.headers, ...more, 'idempotency-key': createHash('sha256').update(bytes).digest('hex') };
    const { status, retryAfter, text } = await this.client
      .post(this.address, headers, bytes, AbortSignal.timeout(TIMEOUT_MS))
      .catch((error: unknown) => {
        throw new DoorProblem(`the gateway does not answer: ${fetchProblem(error)}`);
      });
    const delivery = status === 202 || status === 400 ? deliveryOf(text) : null;
    if (delivery !== null) return delivery;
    const asked = retryAfterMs(retryAfter, this.nowMs());
    throw new DoorProblem(`the gateway answered ${status}: ${text.slice(0, SHOWN_CHARACTERS)}`, asked);
  }
}

function deliveryOf(text: string): Delivery | null {
  try {
    const { accepted, rejected } = JSON.parse(text) as Partial<Delivery>;
    return typeof accepted === 'number' && Array.isArray(rejected) ? { accepted, rejected } : null;
  } catch {
    return null;
  }
}
