import { decodePartsRecord } from '@tillstream/contracts';
import { commerceWith } from './live';
import { SlowStage } from './slow-stage';

const METRICS = `metrics:
  by_category:
    where: event_type == 'purchase'
    groupBy: [category]
    window: { size: 1d }
    measures: { orders: count() }
`;

/** A day that nobody has reached the end of, on one partition. */
class Day {
  private readonly stage = new SlowStage(commerceWith({ partitions: 1, metrics: METRICS }));

  constructor() {
    this.stage.startServices();
  }

  async buy(category: string): Promise<void> {
    const timestamp = new Date(this.stage.world.scheduler.nowMs).toISOString();
    await this.stage.write(0, { timestamp, user_id: 'u1', category });
  }

  pass(ms: number): Promise<void> {
    return this.stage.pass(ms);
  }

  /** When shares of a group were sent, of all those in the topic. */
  sharesOf(category: string): readonly number[] {
    const { world, topics } = this.stage;
    const shares = (world.recordsOf(topics.parts)[0] ?? []).filter((record) => {
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
