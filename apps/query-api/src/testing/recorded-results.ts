import type { NewRecord, StreamDefinition } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import { MemoryResults } from './memory-results';

/** Results that are written by hand, as their log has them: for views that are given records by hand too. */
export class RecordedResults extends MemoryResults {
  private readonly written: LogRecord[][];

  constructor(definition: StreamDefinition) {
    super(definition);
    this.written = Array.from({ length: definition.schema.partitions }, () => []);
  }

  get records(): readonly (readonly LogRecord[])[] {
    return this.written;
  }

  override append(partition: number, records: readonly NewRecord[]): void {
    const log = this.written[partition]!;
    for (const { key, value } of records) {
      log.push({ key, value, offset: log.length, timestampMs: 0, headers: {} });
    }
  }
}
