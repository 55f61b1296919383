import { toTimestamp } from '@tillstream/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform, ServiceProcess } from '../../e2e/platform';
import { WRITE_KEY } from '../../e2e/platform';
import { QueryClient } from '../../rig/query-client';
import { partitionOfKey } from '../../oracle/raw/murmur2';

const METRIC = 'revenue_by_category';
const POLL_MS = 10;
const GIVE_UP_MS = 180_000;
const WINDOW_MS = 60_000;
/** Whoever does not answer by then is asked again. */
const ANSWER_WITHIN_MS = 2_000;

/** Asks the platform the way its users do: sends one purchase to each partition, and waits until all are in the answer. */
export class Probe {
  private readonly query: QueryClient;
  private readonly users: readonly string[];
  private sent = 0;

  constructor(
    private readonly platform: Platform,
    private readonly gateway: ServiceProcess,
    queryApi: ServiceProcess,
  ) {
    this.query = new QueryClient(`127.0.0.1:${queryApi.grpc}`, ANSWER_WITHIN_MS);
    const { partitions } = platform.definition.schema;
    this.users = Array.from({ length: partitions }, (_, partition) => userOf(partition, partitions));
  }

  /** Resolves once purchases that are sent from now on are in the answer, with the ms that this took. */
  async answered(): Promise<number> {
    const sinceMs = performance.now();
    const category = `probe-${(this.sent += 1)}`;
    await this.send(category);
    const from = toTimestamp(Date.now() - 3 * WINDOW_MS);
    while ((await this.purchasesOf(category, from)) < this.users.length) {
      if (performance.now() - sinceMs > GIVE_UP_MS) throw new Error(`${category} never came into the answer`);
      await sleep(POLL_MS);
    }
    return performance.now() - sinceMs;
  }

  close(): void {
    this.query.close();
  }

  private async send(category: string): Promise<void> {
    const timestamp = new Date().toISOString();
    const events = this.users.map((user) => ({
      event_id: `${category}-${user}`,
      event_type: 'purchase',
      timestamp,
      user_id: user,
      category,
      revenue: '1.00',
    }));
    const url = `http://127.0.0.1:${this.gateway.http}/v1/streams/${this.platform.stream}/events`;
    const headers = { authorization: `Bearer ${WRITE_KEY}`, 'content-type': 'application/json' };
    for (;;) {
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(events) }).catch(() => null);
      if (answer?.status === 202) return;
      await sleep(POLL_MS);
    }
  }

  private async purchasesOf(category: string, from: ReturnType<typeof toTimestamp>): Promise<number> {
    try {
      const group = { category: { text: category } };
      const { stream } = this.platform;
      const { windows } = await this.query.listWindows({ stream, metric: METRIC, from, group });
      return Math.max(0, ...windows.map(({ measures }) => Number(measures['purchase_count']?.integer ?? 0)));
    } catch {
      return 0; // the query API is away
    }
  }
}

function userOf(partition: number, partitions: number): string {
  for (let i = 0; ; i += 1) if (partitionOfKey(`probe-${i}`, partitions) === partition) return `probe-${i}`;
}
