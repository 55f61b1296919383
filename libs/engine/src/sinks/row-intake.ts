import type { FeedDecoder, FeedRow } from '@tillstream/contracts';
import type { LogRecord } from '../ports/log';
import type { FeedPortion } from '../ports/sink';
import type { FeedIntake, FeedStart } from './feed-intake';

/** What an intake of rows is made of. */
export interface RowIntakeOptions {
  readonly partition: number;
  readonly decode: FeedDecoder;
  /** Those that are wanted, with the columns that are. */
  readonly select: (rows: readonly FeedRow[]) => readonly FeedRow[];
  /** Resolves when it is known how these rows are declared; else throws what ends the task. */
  readonly assertKnown: (rows: readonly FeedRow[]) => Promise<void>;
}

/** Records of a keyed feed, a portion a fetch. */
export class RowIntake implements FeedIntake {
  private at: number;
  private seekAt: number;

  constructor(
    private readonly options: RowIntakeOptions,
    start: FeedStart,
  ) {
    this.at = start.next ?? start.seek;
    this.seekAt = start.seek;
  }

  get next(): number {
    return this.at;
  }

  get seek(): number {
    return this.seekAt;
  }

  async *portionsOf(records: readonly LogRecord[]): AsyncIterable<FeedPortion> {
    const last = records.at(-1);
    if (!last) return;
    const { decode, partition, select, assertKnown } = this.options;
    const rows = records.flatMap((record) => decode(record, partition));
    await assertKnown(rows);
    const from = this.at;
    this.at = this.seekAt = last.offset + 1;
    yield { from, next: this.at, rows: { kind: 'rows', rows: select(rows) } };
  }
}
