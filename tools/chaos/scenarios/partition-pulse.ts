import type { Platform } from '../../e2e/platform';
import { partitionOfKey } from '../../oracle/raw/murmur2';

const READ_WAIT_MS = 500;
const SPACING_MS = 50;
const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Sends purchases to one partition, each by somebody new, and sees when each is told of in the same partition's results. */
export class PartitionPulse {
  /** Resolves when the reading has stopped. */
  readonly ended: Promise<void>;
  private readonly sentMs = new Map<string, number>();
  private latencies: number[] = [];
  private users = 0;
  private sent = 0;
  private stopped = false;

  constructor(
    private readonly platform: Platform,
    readonly partition: number,
    private readonly startMs: number,
  ) {
    this.ended = this.read();
  }

  /** Purchases that have not come out yet. */
  get waiting(): number {
    return this.sentMs.size;
  }

  /** Appends one purchase. */
  async beat(): Promise<void> {
    const { topics } = this.platform.definition;
    const user = this.nextUser();
    const event = {
      event_id: user,
      event_type: 'purchase',
      timestamp: new Date(this.startMs + (this.sent += 1) * SPACING_MS).toISOString(),
      user_id: user,
      category: 'pulse',
      revenue: '150.00',
    };
    this.sentMs.set(user, performance.now());
    await this.platform.writer.append(topics.raw, this.partition, [
      { key: null, value: utf8.encode(JSON.stringify(event)) },
    ]);
  }

  /** Ms from the append to the first result, of those that have come out since the last call. */
  takeLatencies(): readonly number[] {
    const taken = this.latencies;
    this.latencies = [];
    return taken;
  }

  stop(): void {
    this.stopped = true;
  }

  private async read(): Promise<void> {
    const { reader, definition } = this.platform;
    for (let next = 0; !this.stopped;) {
      const records = await reader.read(definition.topics.metrics, this.partition, next, READ_WAIT_MS).catch(() => []);
      for (const { offset, key } of records) {
        next = offset + 1;
        this.see(key === null ? '' : text.decode(key));
      }
    }
  }

  private see(key: string): void {
    const user = /{"user_id":"(pulse-[^"]+)"}$/.exec(key)?.[1] ?? '';
    const sentMs = this.sentMs.get(user);
    if (sentMs === undefined) return;
    this.sentMs.delete(user);
    this.latencies.push(performance.now() - sentMs);
  }

  private nextUser(): string {
    const { partitions } = this.platform.definition.schema;
    for (;;) {
      const user = `pulse-${this.partition}-${(this.users += 1)}`;
      if (partitionOfKey(user, partitions) === this.partition) return user;
    }
  }
}
