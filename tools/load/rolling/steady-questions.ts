import type { ServiceError } from '@grpc/grpc-js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListWindowsRequest } from '@tillstream/contracts';
import { QueryClient } from '../../rig/query-client';
import type { ReadyReplicas } from './ready-replicas';

const ASK_EVERY_MS = 50;
/** What a client does whose call was answered with UNAVAILABLE: it asks again, elsewhere. */
const ATTEMPTS = 5;
const PAUSE_MS = 200;
const DEADLINE_MS = 10_000;

/** Asks the query API one question after the other, as a dashboard does, and counts what comes of it. */
export class SteadyQuestions {
  asked = 0;
  retried = 0;
  /** Questions that no attempt has answered. */
  readonly failures: string[] = [];
  readonly waits: number[] = [];
  /** By port. */
  private readonly clients = new Map<number, QueryClient>();
  private readonly stopping = new AbortController();
  private readonly asking: Promise<void>;

  constructor(
    private readonly replicas: ReadyReplicas,
    private readonly question: Partial<ListWindowsRequest>,
  ) {
    this.asking = this.askOn();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.asking;
    for (const client of this.clients.values()) client.close();
  }

  private async askOn(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.ask();
      await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async ask(): Promise<void> {
    this.asked += 1;
    const startedMs = performance.now();
    let problem = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        await this.clientOf(this.replicas.next().grpc ?? 0).listWindows(this.question);
        this.waits.push(performance.now() - startedMs);
        return;
      } catch (error) {
        problem = (error as ServiceError).message;
        this.retried += 1;
        await sleep(PAUSE_MS);
      }
    }
    this.failures.push(problem);
  }

  private clientOf(port: number): QueryClient {
    let client = this.clients.get(port);
    if (!client) this.clients.set(port, (client = new QueryClient(`127.0.0.1:${port}`, DEADLINE_MS)));
    return client;
  }
}
