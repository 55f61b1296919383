import type { LogReader, LogRecord, LogWriter, NewRecord } from '../ports/log';
import { countForAppend } from '../ports/log';
import type { MemoryBroker } from './memory-broker';
import type { Turn } from './turn';

/** What becomes of one send. */
export interface SendFate {
  /** How long it takes to reach the broker. */
  readonly delayMs: number;
  /** How often it reaches the broker until the writer hears of it: more than once when answers are lost. */
  readonly copies: number;
  /** What the writer hears: the answer, a refusal, or nothing until it gives up. */
  readonly end: 'answered' | 'refused' | 'given-up';
  /** When records that were given up come to stand in the log all the same. */
  readonly lateMs: number;
}

export const UNHARMED: SendFate = { delayMs: 0, copies: 1, end: 'answered', lateMs: 0 };

/** What goes wrong between a writer and the broker. */
export interface WriteFaults {
  /** Asked once for each send. */
  fateOf(topic: string, partition: number): SendFate;
  /** While true, nothing that is sent there arrives. */
  isStalled(topic: string, partition: number): boolean;
}

const NO_FAULTS: WriteFaults = {
  fateOf: () => UNHARMED,
  isStalled: () => false,
};

/** LogWriter on a MemoryBroker: sends to one partition follow each other, as the port promises. */
export class MemoryLogWriter implements LogWriter {
  private readonly tails = new Map<string, Promise<unknown>>();

  constructor(
    private readonly broker: MemoryBroker,
    private readonly turn: Turn,
    private readonly faults: WriteFaults = NO_FAULTS,
    private readonly nowMs: () => number = () => 0,
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
    const { delayMs, copies, end, lateMs } = this.faults.fateOf(topic, partition);
    if (delayMs > 0) await this.sleep(`append ${topic}/${partition}`, delayMs);
    if (end !== 'answered') {
      if (end === 'given-up') void this.appendLate(topic, partition, records, lateMs);
      await this.turn.wait(`failed ${topic}/${partition}`);
      throw new Error(end === 'refused' ? 'the broker refused the records' : 'no answer from the broker in time');
    }
    let base = -1;
    for (let copy = 0; copy < copies; copy += 1) {
      await this.turn.wait(`append ${topic}/${partition}`, () => !this.faults.isStalled(topic, partition));
      base = this.broker.append(topic, partition, records);
    }
    await this.turn.wait(`acked ${topic}/${partition}`);
    return base;
  }

  /** The request was under way; it does not matter any more who sent it. */
  private async appendLate(
    topic: string,
    partition: number,
    records: readonly NewRecord[],
    lateMs: number,
  ): Promise<void> {
    await this.sleep(`append ${topic}/${partition} late`, lateMs);
    this.broker.append(topic, partition, records);
  }

  private async sleep(label: string, ms: number): Promise<void> {
    await this.turn.wait(label, () => false, this.nowMs() + ms);
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
