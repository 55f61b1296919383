import type { LogReader, LogRecord } from '@tillstream/engine';
import { KafkaCluster } from '../cluster/kafka-cluster';
import type { KafkaOptions } from '../cluster/kafka-options';
import { ReaderClosedError } from '../errors';
import { Fetcher } from './fetcher';
import { OffsetLookup } from './offset-lookup';
import { PartitionFlow } from './partition-flow';

export interface KafkaLogReaderOptions extends KafkaOptions {
  /** How long a broker holds a fetch that finds nothing. Default 250. */
  readonly maxWaitMs?: number;
  /** Default 8 MiB for an answer, 1 MiB for a partition in it. */
  readonly maxBytes?: number;
  readonly maxPartitionBytes?: number;
}

/** What was fetched ahead for a reader that has not come back is kept this long. */
const FORGET_AFTER_MS = 30_000;
/** A reader that comes back within this time finds the next records fetched already. */
const FETCH_AHEAD_MS = 1_000;
/** Beyond its own time a read waits this long for a broker that does not answer. */
const PATIENCE_MS = 10_000;
const BUFFER = { pauseAboveBytes: 2 * 1024 * 1024, resumeBelowBytes: 1024 * 1024 };

/** A place in a partition where a reader left off. */
interface Place {
  readonly flow: PartitionFlow;
  /** Where that reader is expected to go on. */
  resumeAt: number;
  busy: boolean;
  lastReadMs: number;
}

/**
 * Reads without a group. All partitions share one long fetch per broker, so following many of them costs about as
 * much as following one; a reader that goes on where it left off finds the next records already there. Records are
 * views on fetched bytes: copy what is kept for long.
 */
export class KafkaLogReader implements LogReader {
  readonly #cluster: KafkaCluster;
  readonly #closing = new AbortController();
  readonly #offsets: OffsetLookup;
  readonly #fetcher: Fetcher;
  readonly #places = new Map<string, Place[]>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: KafkaLogReaderOptions) {
    this.#cluster = new KafkaCluster(options);
    this.#offsets = new OffsetLookup(this.#cluster, this.#closing.signal);
    const { maxWaitMs = 250, maxBytes = 8 * 1024 * 1024, maxPartitionBytes = 1024 * 1024 } = options;
    this.#fetcher = new Fetcher(this.#cluster, this.#offsets, { maxWaitMs, maxBytes, maxPartitionBytes }, 'skip');
  }

  begin(topic: string, partition: number): Promise<number> {
    return this.#offsets.begin(topic, partition);
  }

  end(topic: string, partition: number): Promise<number> {
    return this.#offsets.end(topic, partition);
  }

  offsetAtOrAfter(topic: string, partition: number, timestampMs: number): Promise<number | null> {
    return this.#offsets.atOrAfter(topic, partition, timestampMs);
  }

  /** Resolves when any broker answers. @throws why none does */
  ping(): Promise<void> {
    return this.#cluster.ping();
  }

  /** Number of partitions. @throws UnknownPartitionError when there is no such topic. */
  partitionCount(topic: string): Promise<number> {
    return this.#cluster.partitionCount(topic);
  }

  /** @throws UnknownPartitionError, ReaderClosedError, CorruptBatchError, or why no broker answers. */
  async read(topic: string, partition: number, from: number, maxWaitMs: number): Promise<readonly LogRecord[]> {
    if (this.#closing.signal.aborted) throw new ReaderClosedError();
    const place = this.placeAt(topic, partition, from);
    place.busy = true;
    place.flow.wantedUntilMs = Infinity;
    try {
      const records = await this.readFrom(place.flow, maxWaitMs);
      const last = records.at(-1);
      place.resumeAt = last === undefined ? from : last.offset + 1;
      return records;
    } catch (error) {
      this.forget(topic, partition, place);
      throw error;
    } finally {
      place.busy = false;
      place.lastReadMs = performance.now();
      place.flow.wantedUntilMs = place.lastReadMs + FETCH_AHEAD_MS;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#sweep);
    this.#fetcher.close();
    await this.#cluster.close();
  }

  /** Nothing is certain until a fetch that was sent after the call is answered. */
  private async readFrom(flow: PartitionFlow, maxWaitMs: number): Promise<readonly LogRecord[]> {
    const calledAtFetch = this.#fetcher.newestFetch;
    const untilMs = performance.now() + maxWaitMs;
    for (;;) {
      const records = flow.take();
      if (records.length > 0) return records;
      if (this.#closing.signal.aborted) throw new ReaderClosedError();
      const leftMs = untilMs - performance.now();
      if (leftMs > 0) {
        this.#fetcher.nudge(flow);
        await flow.changed(leftMs);
      } else if (flow.answeredFetch > calledAtFetch) {
        return [];
      } else if (leftMs < -PATIENCE_MS) {
        throw flow.trouble instanceof Error
          ? flow.trouble
          : new Error(`${flow.topic}/${flow.partition} does not answer`);
      } else {
        const changed = flow.changed(250);
        await this.#fetcher.fetchAtOnce(flow);
        if (flow.answeredFetch <= calledAtFetch) await changed;
      }
    }
  }

  private placeAt(topic: string, partition: number, from: number): Place {
    const name = `${topic}/${partition}`;
    const places = this.#places.get(name) ?? [];
    this.#places.set(name, places);
    const found = places.find(({ busy, resumeAt, flow }) => !busy && (resumeAt === from || flow.taken === from));
    if (found !== undefined) return found;
    const place = {
      flow: new PartitionFlow(topic, partition, from, BUFFER),
      resumeAt: from,
      busy: false,
      lastReadMs: performance.now(),
    };
    places.push(place);
    this.#fetcher.add(place.flow);
    this.#sweep ??= setTimeout(() => this.sweep(), FORGET_AFTER_MS).unref();
    return place;
  }

  private forget(topic: string, partition: number, place: Place): void {
    this.#fetcher.remove(place.flow);
    const name = `${topic}/${partition}`;
    const rest = this.#places.get(name)?.filter((other) => other !== place) ?? [];
    if (rest.length > 0) this.#places.set(name, rest);
    else this.#places.delete(name);
  }

  private sweep(): void {
    const oldestMs = performance.now() - FORGET_AFTER_MS;
    for (const places of [...this.#places.values()]) {
      for (const place of places) {
        if (!place.busy && place.lastReadMs < oldestMs) this.forget(place.flow.topic, place.flow.partition, place);
      }
    }
    this.#sweep = this.#places.size === 0 ? undefined : setTimeout(() => this.sweep(), FORGET_AFTER_MS).unref();
  }
}
