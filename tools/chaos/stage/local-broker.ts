import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startBroker } from '@tillstream/local';
import type { BrokerControl } from '../fault';
import { ownPort } from './own-port';
import type { MountedDisk } from './small-disk';

type Broker = Awaited<ReturnType<typeof startBroker>>;

/** One port of the broker for one link: the broker tells whoever comes by it to come back through the link. */
export interface BrokerDoor {
  readonly port: number;
  /** Where the link listens. */
  readonly advertisedPort: number;
}

/** Quick compaction, for runs that look at what it leaves. */
const EAGER_CLEANER = {
  'log.cleaner.backoff.ms': '500',
  'log.cleaner.min.cleanable.ratio': '0.01',
  'log.retention.check.interval.ms': '60000',
};
/** Index files are mapped into memory at full size, and a small disk has to hold them. */
const SMALL_INDEXES = { 'log.index.size.max.bytes': '65536' };

export class LocalBroker implements BrokerControl {
  private constructor(
    private readonly broker: Broker,
    readonly disk: MountedDisk | null,
  ) {}

  static async start(dataDir: string, doors: readonly BrokerDoor[], disk: MountedDisk | null): Promise<LocalBroker> {
    const [port, controllerPort] = [await ownPort(), await ownPort()];
    const properties = { ...withDoors(port, controllerPort, doors), ...EAGER_CLEANER, ...SMALL_INDEXES };
    return new LocalBroker(await startBroker({ dataDir, port, properties }), disk);
  }

  /** Past all links. */
  get address(): string {
    return this.broker.address;
  }

  isRunning(): boolean {
    return this.broker.isRunning();
  }

  kill(): Promise<void> {
    return this.broker.kill('SIGKILL');
  }

  stop(): Promise<void> {
    return this.broker.stop();
  }

  restart(): Promise<void> {
    return this.broker.restart();
  }

  /** For the end of the run. What it said is kept, also when its disk goes. */
  async close(): Promise<void> {
    await this.broker.kill();
    if (this.disk === null) return;
    await copyFile(join(this.broker.dataDir, 'kafka.log'), `${this.disk.directory}.log`).catch(() => undefined);
    this.disk.unmount();
  }

  pause(): Promise<void> {
    return this.broker.kill('SIGSTOP');
  }

  resume(): Promise<void> {
    return this.broker.kill('SIGCONT');
  }
}

/** A listener for each door, beside the one that leads past all links. */
function withDoors(port: number, controllerPort: number, doors: readonly BrokerDoor[]): Record<string, string> {
  const names = doors.map((_, index) => `DOOR${index}`);
  const at = (name: string, where: number): string => `${name}://127.0.0.1:${where}`;
  const listeners = doors.map((door, index) => at(`DOOR${index}`, door.port));
  const advertised = doors.map(({ advertisedPort }, index) => at(`DOOR${index}`, advertisedPort));
  return {
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: [at('PLAINTEXT', port), at('CONTROLLER', controllerPort), ...listeners].join(','),
    'advertised.listeners': [at('PLAINTEXT', port), ...advertised].join(','),
    'listener.security.protocol.map': ['PLAINTEXT', 'CONTROLLER', ...names]
      .map((name) => `${name}:PLAINTEXT`)
      .join(','),
    'num.network.threads': '1', // each listener has its own
  };
}
