import { encodeControl, encodeDefinition } from '@tillstream/contracts';
import { TRACKER, readableBatch } from '@tillstream/engine';
import { partitionOfKey } from '../oracle/raw/murmur2';
import { changedCommerce, withChange } from './changed-commerce';
import type { Change } from './change';
import { commerceWith } from './live';
import type { RandomVisits } from './random-visits';
import { attributionOf, sessionsOf } from './random-visits';
import { MINUTE_MS, PARTITIONS, SlowStage, START_MS, plain } from './slow-stage';
import { differences } from './verdict';
import type { Replica } from './world';

const SKETCH = { by: [], also: 'session_id', cart: null, removal: 'search' };

function visits(gapS: number): RandomVisits {
  const sessions = sessionsOf({ ...SKETCH, gapS, longestS: 4 * gapS, boundS: 10 });
  const sketch = { on: ['product_id'], withinS: gapS, boundS: 10, maxMatches: 3, from: null, to: null };
  const attribution = attributionOf(sketch);
  return { yaml: sessions.yaml + attribution.yaml, sessions: sessions.plain, attribution: attribution.plain };
}

/** A shop whose visits are short, so that what is open begins some minutes ago. */
class Tracked {
  readonly before = visits(60);
  readonly definition = commerceWith({ partitions: PARTITIONS, visits: this.before.yaml });
  readonly stage = new SlowStage(this.definition);
  tracker: Replica;

  constructor() {
    this.stage.startServices();
    this.tracker = this.stage.world.start(TRACKER);
  }

  /** Somebody in each partition looks at something every half minute, and buys some of it. */
  async shop(fromMinutesAgo: number, toMinutesAgo: number): Promise<void> {
    for (let half = 2 * fromMinutesAgo; half > 2 * toMinutesAgo; half -= 1) {
      for (let p = 0; p < PARTITIONS; p += 1) {
        const timestamp = new Date(START_MS - (half * MINUTE_MS) / 2).toISOString();
        const event_type = half % 3 === 0 ? 'purchase' : 'page_view';
        const product_id = half % 5 === 0 ? 'p1' : 'p2';
        // They rest now and then.
        if (half % 17 !== 0) await this.stage.write(p, { timestamp, user_id: userOf(p), event_type, product_id });
      }
    }
  }

  /** The tracker is gone with all that it has kept. */
  loseAll(): void {
    this.stage.world.store.flushAll();
    this.tracker = this.stage.replace(this.tracker);
  }

  async change(): Promise<Change> {
    const change = changedCommerce(this.definition, visits(30));
    const { world, topics } = this.stage;
    world.broker.append(topics.definitions, 0, [encodeDefinition(change.definition)]);
    const control = encodeControl({ kind: 'definition', sha256: change.definition.sha256 });
    for (let p = 0; p < PARTITIONS; p += 1) await this.stage.send(p, [control]);
    return change;
  }

  differences(change?: Change): readonly string[] {
    const { sessions, attribution } = this.before;
    const declared = { ...plain, ...(sessions && { sessions }), ...(attribution && { attribution }) };
    const { world } = this.stage;
    const recordsOf = (topic: string) => world.recordsOf(topic);
    return differences(this.definition, change ? withChange(declared) : declared, recordsOf, change);
  }

  /** Through here everything has been said, by partition. */
  saidThrough(topic: string): number[] {
    return this.stage.world.recordsOf(topic).map((records) => {
      const last = records.at(-1);
      return (last && readableBatch(last)?.rawNext) ?? 0;
    });
  }
}

function userOf(partition: number): string {
  let user = 0;
  while (partitionOfKey(`u${user}`, PARTITIONS) !== partition) user += 1;
  return `u${user}`;
}

describe('a tracker whose store is empty', () => {
  it('goes on with the visits that are open, and says nothing of those that it has only a part of', async () => {
    const tracked = new Tracked();
    await tracked.shop(90, 30);
    await tracked.stage.pass(2_000);
    tracked.loseAll();
    await tracked.shop(30, 10);
    await tracked.stage.finish();
    expect(tracked.differences()).toEqual([]);
  });

  it('tells what a change of settings has ended when it is lost right behind the change', async () => {
    const tracked = new Tracked();
    const { topics, world } = tracked.stage;
    await tracked.shop(90, 30);
    const change = await tracked.change();
    const ends = Array.from({ length: PARTITIONS }, (_, p) => world.broker.end(topics.raw, p));
    await world.scheduler.runUntil(() => tracked.saidThrough(topics.sessionRows).join() === ends.join());
    tracked.loseAll();
    await tracked.shop(30, 10);
    await tracked.stage.finish();
    expect(tracked.differences(change)).toEqual([]);
  });

  it('tells rows that came too late and that nobody has told', async () => {
    const tracked = new Tracked();
    const { topics } = tracked.stage;
    await tracked.shop(90, 60);
    await tracked.stage.finish();
    tracked.stage.waiting.add(topics.late);
    await tracked.shop(40, 38);
    await tracked.stage.pass(2_000);
    await tracked.shop(38, 36);
    await tracked.stage.pass(2_000);
    tracked.loseAll();
    await tracked.stage.pass(MINUTE_MS);
    expect(tracked.differences()).toEqual([]);
  });

  it('says nothing twice when it was lost between what it said and its rows', async () => {
    const tracked = new Tracked();
    const { topics } = tracked.stage;
    await tracked.shop(90, 40);
    await tracked.stage.pass(2_000);
    tracked.stage.waiting.add(topics.sessionRows).add(topics.attributionRows);
    await tracked.shop(40, 30);
    await tracked.stage.pass(2_000);
    tracked.loseAll();
    await tracked.shop(30, 10);
    await tracked.stage.finish();
    expect(tracked.differences()).toEqual([]);
  });
});
