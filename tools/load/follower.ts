import { decodeMetricsRecord } from '@tillstream/contracts';
import type { Platform } from '../e2e/platform';
import { numbersIn } from './events';
import type { FinalRow } from './ledger';
import { finalName } from './ledger';

type Record = Awaited<ReturnType<Platform['reader']['read']>>[number];

const WAIT_MS = 1_000;
const FINAL = 'f'.charCodeAt(0);

/** Reads the raw and the metrics topic from their beginning while they are written: what expires has been seen. */
export class Follower {
  readonly finals = new Map<string, FinalRow>();
  /** Finals that were published again, the same or not. */
  toldAgain = 0;
  /** Those that had another content. */
  readonly changed: string[] = [];
  /** Numbers of the events that stand in raw. */
  readonly numbers = new Set<number>();
  /** Events that stand in raw more than once. */
  repeated = 0;
  private readonly stopping = new AbortController();
  private readonly work: Promise<unknown>;
  private readonly reached = new Map<string, number>();

  constructor(private readonly platform: Platform) {
    const { topics, schema } = platform.definition;
    const partitions = Array.from({ length: schema.partitions }, (_, partition) => partition);
    this.work = Promise.all(
      partitions.flatMap((partition) => [
        this.follow(topics.raw, partition, (record) => this.noteRaw(record)),
        this.follow(topics.metrics, partition, (record) => this.noteFinal(record)),
      ]),
    );
  }

  /** Whether everything that the two topics hold has been read. */
  async isAtEnd(): Promise<boolean> {
    for (const [place, next] of this.reached) {
      const [topic = '', partition] = place.split('/');
      if ((await this.platform.reader.end(topic, Number(partition))) > next) return false;
    }
    return true;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.work;
  }

  /** Stops when nobody will look at what it has read: whatever it is doing may fail. */
  abandon(): void {
    this.stopping.abort();
    this.work.catch(() => undefined);
  }

  private async follow(topic: string, partition: number, take: (record: Record) => void): Promise<void> {
    const place = `${topic}/${partition}`;
    this.reached.set(place, 0);
    for (let next = 0; !this.stopping.signal.aborted;) {
      const records = await this.platform.reader.read(topic, partition, next, WAIT_MS);
      for (const record of records) take(record);
      next = (records.at(-1)?.offset ?? next - 1) + 1;
      this.reached.set(place, next);
    }
  }

  private noteRaw({ value }: Record): void {
    for (const number of value === null ? [] : numbersIn(value)) {
      if (this.numbers.has(number)) this.repeated += 1;
      else this.numbers.add(number);
    }
  }

  private noteFinal(record: Record): void {
    if (record.key?.[0] !== FINAL) return;
    const decoded = decodeMetricsRecord(record);
    if (decoded.kind !== 'result' || !decoded.final) return;
    const name = finalName(decoded.metric, decoded.startMs, decoded.group);
    const row = { name, measures: JSON.stringify(decoded.measures), truncated: decoded.truncated };
    const before = this.finals.get(name);
    if (before !== undefined) this.toldAgain += 1;
    if (before !== undefined && before.measures !== row.measures)
      this.changed.push(`${name}: ${before.measures}, ${row.measures}`);
    this.finals.set(name, row);
  }
}
