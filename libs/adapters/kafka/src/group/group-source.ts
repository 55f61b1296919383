import { type LogRecord, type PartitionSource, SourceRevokedError } from '@tillstream/engine';
import type { Fetcher } from '../reader/fetcher';
import { PartitionFlow } from '../reader/partition-flow';

/** Bytes fetched ahead of a task, per partition: a slow one holds up nobody else. */
const BUFFER = { pauseAboveBytes: 8 * 1024 * 1024, resumeBelowBytes: 4 * 1024 * 1024 };

/** The flow of one assigned partition. Nothing is fetched before the first seek. */
export class GroupSource implements PartitionSource {
  #flow: PartitionFlow | null = null;
  #revoked = false;

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly fetcher: Fetcher,
    private readonly hint: (offset: number) => void,
  ) {}

  /** The first one is also the first hint: lag tools see a group at once. */
  seek(offset: number): void {
    if (this.#revoked) return;
    if (this.#flow === null) {
      this.#flow = new PartitionFlow(this.topic, this.partition, offset, BUFFER);
      this.fetcher.add(this.#flow);
      this.hint(offset);
    } else {
      this.#flow.seek(offset);
    }
    this.fetcher.nudge(this.#flow);
  }

  async next(maxWaitMs: number): Promise<readonly LogRecord[] | null> {
    const untilMs = performance.now() + maxWaitMs;
    for (;;) {
      if (this.#revoked) throw new SourceRevokedError(this.topic, this.partition);
      if (this.#flow === null) throw new Error(`seek ${this.topic}/${this.partition} before reading it`);
      const records = this.#flow.take();
      this.fetcher.nudge(this.#flow);
      if (records.length > 0) return records;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return null;
      await this.#flow.changed(leftMs);
    }
  }

  logEndOffset(): number | null {
    return this.#flow?.logEndOffset ?? null;
  }

  isRevoked(): boolean {
    return this.#revoked;
  }

  commit(offset: number): void {
    if (!this.#revoked) this.hint(offset);
  }

  revoke(): void {
    this.#revoked = true;
    if (this.#flow !== null) this.fetcher.remove(this.#flow);
  }
}
