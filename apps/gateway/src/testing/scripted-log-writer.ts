import type { LogWriter, NewRecord } from '@tillstream/engine';

export interface Appended {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly NewRecord[];
}

/** A log that takes what it is given, or fails, or answers only when told to. */
export class ScriptedLogWriter implements LogWriter {
  readonly appended: Appended[] = [];
  private readonly held: (() => void)[] = [];
  private mode: 'ack' | 'fail' | 'hang' = 'ack';

  ack(): void {
    this.mode = 'ack';
    for (const settle of this.held.splice(0)) settle();
  }

  /** Takes only the append that came last. */
  ackNewest(): void {
    this.held.pop()?.();
  }

  fail(): void {
    this.mode = 'fail';
  }

  hang(): void {
    this.mode = 'hang';
  }

  get waiting(): number {
    return this.held.length;
  }

  /** Forgets what was appended. */
  clear(): void {
    this.appended.length = 0;
  }

  async append(topic: string, partition: number, records: readonly NewRecord[]): Promise<number> {
    if (this.mode === 'fail') throw new Error('no leader');
    if (this.mode === 'hang') await new Promise<void>((resolve) => this.held.push(resolve));
    // Once an append has been acknowledged its memory is used for others.
    const kept = records.map((record) => ({ ...record, value: record.value && Uint8Array.from(record.value) }));
    this.appended.push({ topic, partition, records: kept });
    return this.appended.length - 1;
  }
}
