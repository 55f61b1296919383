import { join } from 'node:path';
import type { StreamDefinition } from '@tillstream/contracts';
import { Platform, WRITE_KEY, until } from '../../e2e/platform';
import type { ClientControl, Link, ServiceName, Stage, StoreControl } from '../fault';
import { openStore } from '../store';
import { Fleet, SLOTS, programOf } from './fleet';
import { LocalBroker } from './local-broker';
import { ownPort } from './own-port';
import type { SlotOptions } from './service-process';
import { MountedDisk } from './small-disk';
import { TcpLink } from './tcp-link';
import { Turns } from './turns';

/** The group takes a silent member's partitions after this long. */
export const SESSION_TIMEOUT_MS = 3_000;
const READY_WITHIN_MS = 90_000;
/** The process that sends straight into Kafka. */
const PRODUCER = 'producer';

export interface StageOptions {
  /** Everything of the run is kept here. */
  readonly directory: string;
  /** Directory of the built services. */
  readonly services: string;
  /** The broker's data lies on a small file system of its own. */
  readonly smallDisk: boolean;
  /** Results are compacted while the run goes on. */
  readonly compaction: boolean;
  readonly say: (line: string) => void;
}

/** The real line on servers of its own, with a link between each pair that speaks with each other. */
export class ChaosStage implements Stage {
  readonly definition: StreamDefinition;
  clients: ClientControl = { stepClock: () => undefined };
  private readonly turns = new Turns();
  private readonly breakOff = new AbortController();

  private constructor(
    readonly directory: string,
    readonly say: (line: string) => void,
    readonly platform: Platform,
    readonly broker: LocalBroker,
    readonly store: StoreControl,
    readonly services: Fleet,
    readonly links: readonly TcpLink[],
  ) {
    ({ definition: this.definition } = platform);
  }

  /** Resolves when every service is ready. */
  static async open({ directory, services, smallDisk, compaction, say }: StageOptions): Promise<ChaosStage> {
    const link = async (from: string, to: Link['to'], target: number): Promise<TcpLink> =>
      new TcpLink(from, to, await ownPort(), target);
    const brokerLinks = await Promise.all(
      [...SLOTS.map(({ name }) => name), PRODUCER].map(async (from) => link(from, 'broker', await ownPort())),
    );
    const disk = smallDisk ? MountedDisk.mount(join(directory, 'kafka')) : null;
    const doors = brokerLinks.map(({ port, targetPort }) => ({ port: targetPort, advertisedPort: port }));
    const started = await Promise.allSettled([
      LocalBroker.start(join(directory, 'kafka'), doors, disk),
      openStore(join(directory, 'redis')),
    ]);
    const [brokerStart, storeStart] = started;
    if (brokerStart.status === 'rejected' || storeStart.status === 'rejected') {
      if (brokerStart.status === 'fulfilled') await brokerStart.value.close();
      else disk?.unmount();
      if (storeStart.status === 'fulfilled') await storeStart.value.close();
      throw started.find((outcome) => outcome.status === 'rejected')?.reason;
    }
    const [broker, store] = [brokerStart.value, storeStart.value];

    const storeLinks = await Promise.all(
      SLOTS.filter(({ service }) => service === 'enricher' || service === 'aggregator').map(({ name }) =>
        link(name, 'store', store.port),
      ),
    );
    const platform = new Platform(undefined, undefined, {
      brokers: [broker.address],
      redisUrl: `redis://127.0.0.1:${store.port}`,
      directory,
    });
    const links: TcpLink[] = [...brokerLinks, ...storeLinks];
    const portOf = (name: string, to: Link['to']): number =>
      links.find((one) => one.from === name && one.to === to)?.port ?? 0;
    const slots = await Promise.all(
      SLOTS.map(async ({ name, service }): Promise<SlotOptions> => ({
        name,
        service,
        http: await ownPort(),
        grpc: service === 'gateway' || service === 'query-api' ? await ownPort() : null,
        program: programOf(services, service),
        directory,
        environment: {
          KAFKA_BROKERS: `127.0.0.1:${portOf(name, 'broker')}`,
          REDIS_URL: `redis://127.0.0.1:${portOf(name, 'store')}`,
          KAFKA_SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS),
          STREAM_FILES: platform.streamFile,
          ...gatewaySettings(service),
        },
      })),
    );
    const [gateway] = slots;
    links.push(await link('http-client', 'gateway', gateway?.http ?? 0));
    links.push(await link('grpc-client', 'gateway', gateway?.grpc ?? 0));
    await Promise.all(links.map((one) => one.listen()));
    const stage = new ChaosStage(directory, say, platform, broker, store, new Fleet(slots), links);
    try {
      await platform.createTopics(compaction ? { metrics: { 'segment.ms': '1000' } } : {});
      await Promise.all(stage.services.slots.map((slot) => slot.start()));
      await stage.allReady();
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** Where somebody outside the services connects to. */
  portOf(from: 'http-client' | 'grpc-client' | typeof PRODUCER): number {
    return this.links.find((link) => link.from === from)?.port ?? 0;
  }

  async sleep(ms: number): Promise<void> {
    const { signal } = this.breakOff;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
    });
  }

  alone<T>(target: string, work: () => Promise<T>): Promise<T> {
    return this.turns.take(target, work);
  }

  /** Faults that wait stop waiting. */
  hurry(): void {
    this.breakOff.abort();
  }

  /** Undoes whatever a fault has left behind; resolves when every service is ready. */
  async heal(): Promise<void> {
    for (const link of this.links) link.mend();
    await this.broker.resume();
    if (!this.broker.isRunning()) await this.broker.restart();
    await this.store.resume();
    if (!this.store.isRunning()) await this.store.start();
    this.clients.stepClock(0);
    for (const slot of this.services.slots) {
      await slot.resume();
      await slot.start();
    }
    await this.allReady();
    for (const slot of this.services.slots) await slot.stepClock(0);
  }

  /** @throws Error that names those who are not ready, with their reason. */
  async allReady(): Promise<void> {
    const slots = this.services.slots.filter(({ isRetired }) => !isRetired);
    await until('every service to be ready', READY_WITHIN_MS, async () => {
      const ready = await Promise.all(slots.map((slot) => slot.isReady()));
      return ready.every(Boolean);
    }).catch(async (error: unknown) => {
      const reasons = await Promise.all(slots.map(async (slot) => `${slot.name}: ${await slot.whyNotReady()}`));
      throw new Error(`${String(error)}\n${reasons.join('\n')}`);
    });
  }

  /** Ends every process of the run. The directory stays. */
  async close(): Promise<void> {
    this.hurry();
    await Promise.allSettled(this.services.slots.map((slot) => slot.retire()));
    await Promise.allSettled([this.platform.close(), ...this.links.map((link) => link.close())]);
    await Promise.allSettled([this.broker.close(), this.store.close()]);
  }
}

function gatewaySettings(service: ServiceName): Record<string, string> {
  if (service !== 'gateway') return {};
  return { TILLSTREAM_WRITE_KEYS: WRITE_KEY, TILLSTREAM_APPEND_TIMEOUT_MS: '3000', TILLSTREAM_RETRY_AFTER_MS: '200' };
}
