import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WRITE_KEY } from '../e2e/platform';
import type { IngestStub } from '../rig/grpc-stubs';
import { bearer, ingestStub } from '../rig/grpc-stubs';

/** What one attempt to hand in a body came to. `pauseMs` is what the answer asked for; null when it asked for nothing. */
type Attempt =
  | { readonly kind: 'taken'; readonly accepted: number; readonly rejected: number }
  | { readonly kind: 'refused'; readonly status: string; readonly pauseMs: number | null }
  | { readonly kind: 'broken'; readonly why: string };

/** How attempts ended, over all clients. */
export class Tally {
  attempts = 0;
  bodies = 0;
  events = 0;
  broken = 0;
  /** Refusals by what they said: 429, RESOURCE_EXHAUSTED, 503, UNAVAILABLE. */
  readonly refusals = new Map<string, number>();
  /** Refusals that did not say when to come again. */
  withoutPause = 0;
  readonly waits: number[] = [];

  get refused(): number {
    return [...this.refusals.values()].reduce((sum, count) => sum + count, 0);
  }

  get text(): string {
    const refusals = [...this.refusals].map(([said, count]) => `${count} × ${said}`).join(', ');
    return `${this.attempts} attempts, ${this.bodies} taken, refused ${refusals || 'never'}, ${this.broken} connections broken`;
  }
}

/** A client that sends a body again, after the pause it is told, until the body is taken. */
export interface Client {
  /** Resolves once the body has been acknowledged. @throws Error when it is refused for good, or `giveUpMs` are over */
  publish(body: Buffer): Promise<void>;
  close(): void;
}

/** After a broken connection: twice as long each time, up to the longest. */
const AFTER_BREAK_MS = 200;
const LONGEST_PAUSE_MS = 3_000;
const GIVE_UP_MS = 300_000;
const CALL_TIMEOUT_MS = 60_000;

/** A port, or who says at each attempt which it is. */
export type Door = number | (() => number);

const portOf = (door: Door): number => (typeof door === 'number' ? door : door());

export function httpClient(door: Door, stream: string, tally: Tally, agent: Agent): Client {
  return {
    publish: (body) => insist(tally, () => post(portOf(door), stream, body, agent)),
    close: () => undefined,
  };
}

export function grpcClient(door: Door, stream: string, tally: Tally): Client {
  const stubs = new Map<number, IngestStub>();
  const stubOf = (port: number): IngestStub => {
    const stub = stubs.get(port) ?? ingestStub(port);
    stubs.set(port, stub);
    return stub;
  };
  return {
    publish: (body) => insist(tally, () => call(stubOf(portOf(door)), stream, body)),
    close: () => stubs.forEach((stub) => stub.close()),
  };
}

/** One agent for all HTTP clients: a connection for each request under way, kept for the next. */
export function newAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: Infinity });
}

async function insist(tally: Tally, attempt: () => Promise<Attempt>): Promise<void> {
  const startedMs = performance.now();
  let breaks = 0;
  for (;;) {
    tally.attempts += 1;
    const outcome = await attempt();
    if (outcome.kind === 'taken') {
      if (outcome.rejected > 0) throw new Error(`${outcome.rejected} events of a body were refused`);
      tally.bodies += 1;
      tally.events += outcome.accepted;
      tally.waits.push(performance.now() - startedMs);
      return;
    }
    if (performance.now() - startedMs > GIVE_UP_MS) throw new Error(`a body was not taken: ${JSON.stringify(outcome)}`);
    if (outcome.kind === 'broken') tally.broken += 1;
    else {
      tally.refusals.set(outcome.status, (tally.refusals.get(outcome.status) ?? 0) + 1);
      if (outcome.pauseMs === null) tally.withoutPause += 1;
    }
    breaks = outcome.kind === 'broken' ? breaks + 1 : 0;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, AFTER_BREAK_MS * 2 ** breaks);
    await sleep(outcome.kind === 'refused' ? (outcome.pauseMs ?? pauseMs) : pauseMs);
  }
}

function post(port: number, stream: string, body: Buffer, agent: Agent): Promise<Attempt> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        agent,
        method: 'POST',
        path: `/v1/streams/${stream}/events`,
        timeout: CALL_TIMEOUT_MS,
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          authorization: `Bearer ${WRITE_KEY}`,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => resolve({ kind: 'broken', why: error.message }));
        response.on('end', () => {
          const code = response.statusCode ?? 0;
          const text = Buffer.concat(chunks).toString();
          if (code === 202) {
            const { accepted, rejected } = JSON.parse(text) as { accepted: number; rejected: readonly unknown[] };
            return resolve({ kind: 'taken', accepted, rejected: rejected.length });
          }
          if (code !== 429 && code !== 503) return reject(new Error(`the gateway answered ${code}: ${text}`));
          const after = response.headers['retry-after'];
          resolve({
            kind: 'refused',
            status: String(code),
            pauseMs: after === undefined ? null : Number(after) * 1_000,
          });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', (error) => resolve({ kind: 'broken', why: error.message }));
    request.end(body);
  });
}

function call(stub: IngestStub, stream: string, payload: Buffer): Promise<Attempt> {
  const metadata = bearer(WRITE_KEY);
  return new Promise((resolve, reject) => {
    stub.publish({ stream, payload }, metadata, { deadline: Date.now() + CALL_TIMEOUT_MS }, (error, response) => {
      if (error === null)
        return resolve({ kind: 'taken', accepted: response.accepted, rejected: response.rejected.length });
      const pushback = pushbackOf(error);
      if (error.code === status.RESOURCE_EXHAUSTED || (error.code === status.UNAVAILABLE && pushback !== null)) {
        resolve({ kind: 'refused', status: status[error.code], pauseMs: pushback });
      } else if (error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED) {
        resolve({ kind: 'broken', why: error.details });
      } else reject(error);
    });
  });
}

function pushbackOf({ metadata }: ServiceError): number | null {
  const [pushback] = metadata.get('grpc-retry-pushback-ms');
  return pushback === undefined ? null : Number(pushback.toString());
}
