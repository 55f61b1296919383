import { encodeDefinition, encodeProgress, topicSpecs, type StreamDefinition } from '@tillstream/contracts';
import type { LogReader, NewRecord, RecordHeaders } from '@tillstream/engine';
import { MemoryBroker, MemoryLogReader, type Turn } from '@tillstream/engine/testing';

/** Takes every turn at once; who waits for records is woken by the next append, or gives up soon. */
class ImpatientTurn implements Turn {
  private readonly waiting = new Set<() => void>();

  async wait(_label: string, ready: () => boolean = () => true, deadlineMs?: number): Promise<'ready' | 'timeout'> {
    await Promise.resolve();
    if (ready() || deadlineMs === undefined) return 'ready';
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, 5);
      this.waiting.add(wake);
    });
    return ready() ? 'ready' : 'timeout';
  }

  wake(): void {
    for (const wake of [...this.waiting]) wake();
  }
}

/** One result as it is written to the metrics topic, by hand. */
export interface WrittenResult {
  readonly metric: string;
  readonly startMs: number;
  readonly group: Readonly<Record<string, string | null>>;
  readonly measures: Readonly<Record<string, unknown>>;
  readonly final?: boolean;
  readonly revision?: number;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: RecordHeaders;
}

/** The topics of a stream in memory, of which most tests write the results; all replicas of a test read them. */
export class MemoryResults {
  readonly broker = new MemoryBroker(() => Date.now());
  private readonly turn = new ImpatientTurn();
  readonly log: LogReader & { partitionCount(topic: string): Promise<number> };

  constructor(public definition: StreamDefinition) {
    for (const { name, partitions } of topicSpecs(definition, 1)) this.broker.createTopic(name, partitions, true);
    const reader = new MemoryLogReader(this.broker, this.turn, () => Date.now(), 1_000);
    this.log = Object.assign(reader, {
      partitionCount: (topic: string) => Promise.resolve(this.broker.partitionsOf(topic)),
    });
  }

  /** Results written from now on are of another stream file; who reads them hears of it first, later or at the same time. */
  putLive(definition: StreamDefinition): void {
    this.definition = definition;
    this.broker.append(definition.topics.definitions, 0, [encodeDefinition(definition)]);
    this.turn.wake();
  }

  write(partition: number, results: readonly WrittenResult[]): void {
    this.append(
      partition,
      results.map((result) => ({
        key: bytes(`${result.final ? 'f' : 'p'}|${this.windowKey(result)}|${JSON.stringify(result.group)}`),
        value: this.valueOf(result, {
          group: result.group,
          measures: result.measures,
          final: result.final ?? false,
        }),
        ...(result.headers && { headers: result.headers }),
      })),
    );
  }

  close(partition: number, metric: string, startMs: number): void {
    const window = { metric, startMs, group: {}, measures: {} };
    this.append(partition, [
      { key: bytes(`c|${this.windowKey(window)}`), value: this.valueOf(window, { closed: true }) },
    ]);
  }

  late(partition: number, metric: string, startMs: number, count: number): void {
    const window = { metric, startMs, group: {}, measures: {}, revision: count };
    const value = this.valueOf(window, { partition, late_rows: count });
    this.append(partition, [{ key: bytes(`l|${this.windowKey(window)}|${partition}`), value }]);
  }

  /** Says that the windows of a metric that end by then have all their finals in front, in this partition. */
  progress(partition: number, metric: string, closedUntilMs: number): void {
    this.append(partition, [encodeProgress(this.metricNamed(metric), closedUntilMs, partition)]);
  }

  append(partition: number, records: readonly NewRecord[]): void {
    this.broker.append(this.topic, partition, records);
    this.turn.wake();
  }

  /** Writes to another topic of the stream than that of results. */
  appendTo(topic: string, partition: number, records: readonly NewRecord[]): void {
    this.broker.append(topic, partition, records);
    this.turn.wake();
  }

  trim(partition: number, offset: number): void {
    this.broker.trim(this.topic, partition, offset);
  }

  private get topic(): string {
    return this.definition.topics.metrics;
  }

  private windowKey({ metric, startMs }: Pick<WrittenResult, 'metric' | 'startMs'>): string {
    return `${this.metricNamed(metric).identity}|${new Date(startMs).toISOString()}`;
  }

  private valueOf({ metric, startMs, revision = 1, more }: WrittenResult, what: object): Uint8Array {
    const { identity, window } = this.metricNamed(metric);
    const about = {
      metric,
      definition: identity.split('@')[1],
      window_start: new Date(startMs).toISOString(),
      window_end: new Date(startMs + ('sizeMs' in window ? window.sizeMs : 0)).toISOString(),
    };
    return bytes(JSON.stringify({ ...about, ...what, revision, ...more }));
  }

  private metricNamed(name: string): StreamDefinition['metrics'][number] {
    const found = this.definition.metrics.find((metric) => metric.name === name);
    if (!found) throw new Error(`no metric ${name}`);
    return found;
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
