import type { LogReader, LogRecord, LogWriter, NewRecord } from '../ports/log';
import { countForAppend } from '../ports/log';
import type { MemoryBroker } from './memory-broker';
import type { Turn } from './turn';

/** What goes wrong between a writer and the broker; asked once for each send. */
export interface WriteFaults {
  /** How many times the records are appended before the writer hears of it: 1, or more when answers were lost. */
  copies(): number;
}

const NO_FAULTS: WriteFaults = { copies: () => 1 };

/** LogWriter on a MemoryBroker: sends to one partition follow each other, as the port promises. */
export class MemoryLogWriter implements LogWriter {
  private readonly tails = new Map<string, Promise<unknown>>();

  constructor(
    private readonly broker: MemoryBroker,
    private readonly turn: Turn,
    private readonly faults: WriteFaults = NO_FAULTS,
  ) {}

  append(topic: string, partition: number, records: readonly NewRecord[]): Promise<number> {
    if (records.length === 0) return Promise.reject(new RangeError('there is no offset for an append of nothing'));
    if (countForAppend(records) < records.length) return Promise.reject(new RangeError('the append is too large'));
    const lane = `${topic}/${partition}`;
    const previous = this.tails.get(lane) ?? Promise.resolve();
    const sent = previous.then(() => this.send(topic, partition, records));
    this.tails.set(
      lane,
      sent.catch(() => undefined),
    );
    return sent;
  }

  private async send(topic: string, partition: number, records: readonly NewRecord[]): Promise<number> {
    let base = -1;
    for (let copy = 0, copies = this.faults.copies(); copy < copies; copy += 1) {
      await this.turn.wait(`append ${topic}/${partition}`);
      base = this.broker.append(topic, partition, records);
    }
    await this.turn.wait(`acked ${topic}/${partition}`);
    return base;
  }
}

/** LogReader on a MemoryBroker. */
export class MemoryLogReader implements LogReader {
  constructor(
    private readonly broker: MemoryBroker,
    private readonly turn: Turn,
    private readonly nowMs: () => number,
    private readonly fetchRecords = 64,
  ) {}

  async begin(topic: string, partition: number): Promise<number> {
    await this.turn.wait('begin');
    return this.broker.begin(topic, partition);
  }

  async end(topic: string, partition: number): Promise<number> {
    await this.turn.wait('end');
    return this.broker.end(topic, partition);
  }

  async offsetAtOrAfter(topic: string, partition: number, timestampMs: number): Promise<number | null> {
    await this.turn.wait('offsetAtOrAfter');
    return this.broker.offsetAtOrAfter(topic, partition, timestampMs);
  }

  async read(topic: string, partition: number, from: number, maxWaitMs: number): Promise<readonly LogRecord[]> {
    const arrived = (): boolean => this.broker.end(topic, partition) > from;
    await this.turn.wait('read', arrived, this.nowMs() + maxWaitMs);
    return this.broker.slice(topic, partition, from, this.fetchRecords);
  }
}
