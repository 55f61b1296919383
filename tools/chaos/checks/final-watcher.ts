import { KafkaLogReader } from '@tillstream/adapter-kafka';
import type { StreamDefinition } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import { until } from '../../e2e/platform';

const READ_WAIT_MS = 500;
const READ_WITHIN_MS = 30_000;
const PAUSE_MS = 200;
const text = new TextDecoder();

/**
 * Somebody who reads the results from the first on, while everything breaks, and remembers every final: whoever acted on
 * one must never find another.
 */
export class FinalWatcher {
  readonly problems: string[] = [];
  private readonly reader: KafkaLogReader;
  /** By partition and key, the value that was seen first. */
  private readonly finals = new Map<string, string>();
  private readonly following: Promise<void>[];
  /** By partition, the first offset not yet read. */
  private readonly next: number[];
  private isOver = false;

  constructor(
    broker: string,
    private readonly definition: StreamDefinition,
  ) {
    this.reader = new KafkaLogReader({ brokers: [broker], clientId: 'chaos-watcher' });
    this.next = new Array<number>(definition.schema.partitions).fill(0);
    this.following = Array.from({ length: definition.schema.partitions }, (_, partition) => this.follow(partition));
  }

  get count(): number {
    return this.finals.size;
  }

  async close(): Promise<void> {
    this.isOver = true;
    await this.reader.close();
    await Promise.all(this.following);
  }

  /** What was seen and is not there, or not the same, for somebody who comes later; and what has not been seen in time. */
  async compare(metrics: readonly (readonly LogRecord[])[]): Promise<readonly string[]> {
    const behind = (): number[] =>
      metrics.flatMap((records, partition) =>
        (this.next[partition] ?? 0) <= (records.at(-1)?.offset ?? -1) ? [partition] : [],
      );
    await until('the reader to be at the end', READ_WITHIN_MS, () => Promise.resolve(behind().length === 0)).catch(
      () => undefined,
    );
    const there = new Map<string, string>();
    metrics.forEach((records, partition) => {
      for (const record of records) {
        const final = finalOf(record);
        if (final) there.set(`${partition} ${final.key}`, final.value);
      }
    });
    const changed = [...this.finals].filter(([key, value]) => there.get(key) !== value);
    return [
      ...this.problems,
      ...behind().map(
        (partition) => `a reader of the results stands still at ${this.next[partition]} of partition ${partition}`,
      ),
      ...changed.map(([key, value]) => `a final that was seen is gone: ${key}: ${value}, now ${there.get(key) ?? '–'}`),
    ];
  }

  private async follow(partition: number): Promise<void> {
    const topic = this.definition.topics.metrics;
    while (!this.isOver) {
      try {
        for (const record of await this.reader.read(topic, partition, this.next[partition] ?? 0, READ_WAIT_MS)) {
          this.next[partition] = record.offset + 1;
          this.see(partition, record);
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS)); // the broker is down
      }
    }
  }

  private see(partition: number, record: LogRecord): void {
    const final = finalOf(record);
    if (final === null) return;
    const known = this.finals.get(`${partition} ${final.key}`);
    if (known === undefined) this.finals.set(`${partition} ${final.key}`, final.value);
    else if (known !== final.value) this.problems.push(`final changed: ${final.key}: ${known} then ${final.value}`);
  }
}

function finalOf({ key, value }: LogRecord): { readonly key: string; readonly value: string } | null {
  const name = key ? text.decode(key) : '';
  return name.startsWith('f|') && value ? { key: name, value: text.decode(value) } : null;
}
