import type { StreamDefinition } from '@tillstream/contracts';
import { encodeControl } from '@tillstream/contracts';
import type { NewRecord, TaskPorts } from '@tillstream/engine';
import { AGGREGATOR, ENRICHER } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { plainCommerce } from '../oracle/commerce-definition';
import { partitionOfKey } from '../oracle/raw/murmur2';
import { commerceWith } from './live';
import { differences } from './verdict';
import type { Replica } from './world';
import { World } from './world';

export const START_MS = Date.UTC(2026, 0, 5, 12);
export const MINUTE_MS = 60_000;
export const PARTITIONS = 2;
export const plain = { ...plainCommerce, partitions: PARTITIONS };

const CATEGORIES = ['books', 'audio', 'garden', 'toys'];
const RETRY_MS = 50;
const utf8 = new TextEncoder();

/** A world in which a topic, or one partition of it, can be made to wait: what services send there does not arrive. */
export class SlowStage {
  readonly waiting = new Set<string>();
  /** Called when a task has claimed its checkpoint and begins to load it. */
  onLoad: () => void = () => undefined;
  readonly topics: StreamDefinition['topics'];
  readonly world: World;
  private readonly clients: ReturnType<World['spawnWriter']>;
  private events = 0;

  constructor(
    readonly definition = commerceWith({ partitions: PARTITIONS }),
    private readonly under: (ports: TaskPorts) => TaskPorts = (ports) => ports,
  ) {
    this.topics = definition.topics;
    this.world = new World(definition, new SeededRandom(1), START_MS, {
      ports: (ports) => this.patient(this.under(ports)),
    });
    this.clients = this.world.spawnWriter('clients');
  }

  /** Starts an enricher and an aggregator; the latter. */
  startServices(): Replica {
    this.world.start(ENRICHER);
    return this.world.start(AGGREGATOR);
  }

  private patient(ports: TaskPorts): TaskPorts {
    const append: TaskPorts['writer']['append'] = async (topic, partition, records) => {
      while (this.waiting.has(topic) || this.waiting.has(`${topic}/${partition}`)) await ports.clock.sleep(RETRY_MS);
      return ports.writer.append(topic, partition, records);
    };
    const { store } = ports;
    const onLoad = (): void => this.onLoad();
    return {
      ...ports,
      writer: { append },
      store: {
        claim: (...args) => store.claim(...args),
        create: (...args) => store.create(...args),
        commit: (...args) => store.commit(...args),
        countAttempt: (...args) => store.countAttempt(...args),
        loadFields: (...args) => store.loadFields(...args),
        readField: (...args) => store.readField(...args),
        async *load(...args) {
          onLoad();
          yield* store.load(...args);
        },
      },
    };
  }

  async send(partition: number, records: readonly NewRecord[]): Promise<void> {
    let acked = false;
    void this.clients.writer.append(this.topics.raw, partition, records).then(() => (acked = true));
    await this.world.scheduler.runUntil(() => acked);
  }

  /** A purchase of a user of partition `home`, written to another one if so wished. */
  async buy(home: number, timeMs: number, to = home): Promise<void> {
    let user = 0;
    while (partitionOfKey(`u${user}`, PARTITIONS) !== home) user += 1;
    const category = CATEGORIES[(this.events + 1) % CATEGORIES.length];
    await this.write(to, { timestamp: new Date(timeMs).toISOString(), user_id: `u${user}`, category });
  }

  /** An event: a purchase with an id of its own, where it does not say something else. */
  async write(partition: number, event: Readonly<Record<string, unknown>>): Promise<void> {
    this.events += 1;
    const whole = { event_id: `o${this.events}`, event_type: 'purchase', price: 150, quantity: 1, ...event };
    await this.send(partition, [{ key: null, value: utf8.encode(JSON.stringify(whole)) }]);
  }

  /**
   * Several purchases a minute in every partition, from so many minutes ago on; minute by minute, so that none is idle: none is
   * told how far the others are, and nothing is late.
   */
  async shop(fromMinutesAgo: number, toMinutesAgo: number): Promise<void> {
    for (let minute = fromMinutesAgo; minute > toMinutesAgo; minute -= 1) {
      for (let p = 0; p < PARTITIONS; p += 1) await this.shopAlone(p, minute, minute - 1);
    }
  }

  /** Several purchases a minute in one partition, from so many minutes ago on, while nothing comes in the others. */
  async shopAlone(partition: number, fromMinutesAgo: number, toMinutesAgo: number): Promise<void> {
    for (let minute = fromMinutesAgo; minute > toMinutesAgo; minute -= 1) {
      for (let i = 0; i < 3; i += 1) await this.buy(partition, START_MS - minute * MINUTE_MS + i * 1_000);
    }
  }

  async advance(partition: number, toMs: number): Promise<void> {
    await this.send(partition, [encodeControl({ kind: 'advance', toMs })]);
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.world.scheduler.nowMs + ms;
    await this.world.scheduler.runUntil(() => this.world.scheduler.nowMs >= untilMs);
  }

  /** The replica is gone with what it had under way, nothing waits any more, and another one takes its place. */
  replace(replica: Replica): Replica {
    this.world.scheduler.kill(replica.process);
    this.world.expel(replica);
    this.waiting.clear();
    return this.world.start(replica.service);
  }

  /** Time passes until every window is closed. */
  async finish(): Promise<void> {
    this.world.scheduler.nowMs += 120 * MINUTE_MS;
    for (let p = 0; p < PARTITIONS; p += 1) await this.advance(p, this.world.scheduler.nowMs);
    await this.pass(MINUTE_MS);
  }

  differences(): readonly string[] {
    return differences(this.definition, plain, (topic) => this.world.recordsOf(topic));
  }
}
