import { decodePartsRecord } from '@tillstream/contracts';
import type { NewRecord } from '@tillstream/engine';
import { AGGREGATOR, ENRICHER } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { commerceWith } from './live';
import { World } from './world';

const START_MS = Date.UTC(2026, 0, 5, 12);
const METRICS = `metrics:
  by_category:
    where: event_type == 'purchase'
    groupBy: [category]
    window: { size: 1d }
    measures: { orders: count() }
`;
const utf8 = new TextEncoder();

/** A day that nobody has reached the end of, on one partition. */
class Day {
  readonly definition = commerceWith({ partitions: 1, metrics: METRICS });
  private readonly world = new World(this.definition, new SeededRandom(1), START_MS);
  private readonly clients = this.world.spawnWriter('clients');
  private events = 0;

  constructor() {
    this.world.start(ENRICHER);
    this.world.start(AGGREGATOR);
  }

  async buy(category: string): Promise<void> {
    const { nowMs } = this.world.scheduler;
    this.events += 1;
    const event = {
      event_id: `d${this.events}`,
      event_type: 'purchase',
      timestamp: new Date(nowMs).toISOString(),
      user_id: 'u1',
      category,
    };
    const record: NewRecord = { key: null, value: utf8.encode(JSON.stringify(event)) };
    let acked = false;
    void this.clients.writer.append(this.definition.topics.raw, 0, [record]).then(() => (acked = true));
    await this.world.scheduler.runUntil(() => acked);
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.world.scheduler.nowMs + ms;
    await this.world.scheduler.runUntil(() => this.world.scheduler.nowMs >= untilMs);
  }

  /** When shares of each group were sent, of all those in the topic. */
  sharesOf(category: string): readonly number[] {
    const shares = (this.world.recordsOf(this.definition.topics.parts)[0] ?? []).filter((record) => {
      const decoded = decodePartsRecord(record);
      return decoded.kind === 'part' && Buffer.from(decoded.part.groups.bytes).includes(category);
    });
    return shares.map(({ timestampMs }) => timestampMs);
  }
}

describe('a window of a day', () => {
  it('never needs a share that is older than about ten minutes, while anything comes', async () => {
    const day = new Day();
    await day.buy('books');
    for (let minute = 0; minute < 25; minute += 1) {
      for (let part = 0; part < 6; part += 1) {
        await day.buy('toys');
        await day.pass(10_000);
      }
    }
    const [first = NaN, ...anew] = day.sharesOf('books');
    expect(anew.length).toBeGreaterThanOrEqual(2);
    for (const [index, atMs] of anew.entries()) {
      expect(atMs - (anew[index - 1] ?? first)).toBeLessThanOrEqual(11 * 60_000);
    }
  });
});
