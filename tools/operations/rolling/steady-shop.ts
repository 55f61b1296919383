import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '@tillstream/engine/testing';
import type { Platform } from '../../e2e/platform';
import { until } from '../../e2e/platform';
import { post } from '../../e2e/through-gateway';
import { Workload } from '../../simulate/workload';

const PAUSE_MS = 20;
const USERS = 30;
const COMES_WITHIN_MS = 60_000;
/** Of so many deliveries one goes through a gateway. */
const THROUGH_GATEWAY = 5;

/** People shop all the time: what they do goes straight into the log and, now and then, through a gateway. */
export class SteadyShop {
  private delivered = 0;
  private isOver = false;
  private readonly sending: Promise<void>;

  /** @param startMs when the first of them comes, in event time */
  constructor(
    private readonly platform: Platform,
    private readonly startMs: number,
  ) {
    this.sending = this.send();
    this.sending.catch(() => undefined); // seen when it is closed
  }

  /** Until so many more deliveries have come. */
  async more(deliveries: number): Promise<void> {
    const wanted = this.delivered + deliveries;
    await until('more people to shop', COMES_WITHIN_MS, () => Promise.resolve(this.delivered >= wanted));
  }

  /** @throws what went wrong while they shopped */
  async close(): Promise<void> {
    this.isOver = true;
    await this.sending;
  }

  private async send(): Promise<void> {
    const { writer, definition } = this.platform;
    const workload = new Workload(new SeededRandom(11), {
      ...{ users: USERS, startMs: this.startMs, spacingMs: 400, disorderMs: 5_000 },
      ...{ late: 0.02, duplicates: 0.02, bad: 0.02, misplaced: 0.1 },
      partitions: definition.schema.partitions,
    });
    while (!this.isOver) {
      const some = workload.next(this.startMs + 3_600_000);
      await Promise.all(some.map(({ partition, records }) => writer.append(definition.topics.raw, partition, records)));
      this.delivered += 1;
      if (this.delivered % THROUGH_GATEWAY === 0) await this.throughGateway();
      await sleep(PAUSE_MS);
    }
  }

  private async throughGateway(): Promise<void> {
    const number = this.delivered;
    const event = {
      ...{ event_id: `gateway-${number}`, event_type: 'purchase', user_id: `u${number % USERS}`, product_id: 'p1' },
      ...{ category: 'books', price: 19.5, quantity: 1 },
      timestamp: new Date(this.startMs + number * 100).toISOString(),
    };
    // One that is being changed does not answer, and nobody has promised anything then.
    await post(this.platform, JSON.stringify(event)).catch(() => undefined);
  }
}
