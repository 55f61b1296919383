import type { StreamDefinition } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import type { PlacedFinal } from './final-table';
import { FinalTable } from './final-table';
import type { StandingFinal, WindowRange } from './standing-finals';
import { standingFinals } from './standing-finals';
import { ToldSpans } from './told-spans';

/** A record that stands under the key of another one and says something else. */
export interface Copy {
  readonly offset: number;
  readonly value: Uint8Array;
}

/** Which windows of a metric a partition of `metrics` says to be complete. */
interface ClosedSpan {
  readonly firstEndMs: number;
  readonly lastEndMs: number;
  /** Older records have expired. */
  readonly isTrimmed: boolean;
}

/** What a final means that raw gives and that does not stand there. */
export type Absence =
  /** Its window is not closed yet: services have not come so far. */
  | 'awaited'
  /** Its window is older than anything that is retained. */
  | 'expired'
  /** Its window is said to be complete. */
  | 'missing';

export class TooManyFinalsError extends Error {
  override readonly name = 'TooManyFinalsError';
}

/** The finals of a range as they stand in `metrics`, every copy of each. */
export class StandingTable {
  /** Records under one key that differ. */
  conflicts = 0;
  /** By identity. */
  readonly byMetric = new Map<string, number>();
  private readonly table = new FinalTable();
  private readonly copies = new Map<string, Copy[]>();
  private readonly closed = new Map<string, ClosedSpan>();
  readonly spans = new ToldSpans();

  private constructor(private readonly mostCopies: number) {}

  /** @throws TooManyFinalsError when there are more than `most` */
  static async read(
    reader: LogReader,
    definition: StreamDefinition,
    range: WindowRange,
    most: number,
    mostCopies: number,
    onRead: (finals: number) => void,
  ): Promise<StandingTable> {
    const standing = new StandingTable(mostCopies);
    const { metrics: topic } = definition.topics;
    for (let partition = 0; partition < definition.schema.partitions; partition++) {
      const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
      const finals = standingFinals(
        reader,
        definition,
        partition,
        end,
        range,
        (identity, span) => standing.closed.set(`${identity}/${partition}`, { ...span, isTrimmed: begin > 0 }),
        (span) => standing.spans.add(span),
      );
      for await (const final of finals) {
        standing.add(partition, final);
        if (standing.count > most) throw new TooManyFinalsError(`more than ${most} finals`);
        onRead(standing.count);
      }
    }
    return standing;
  }

  get count(): number {
    return this.table.count;
  }

  /** How a final that raw gives is found there, and the records under its key that differ from the first one. */
  check(
    partition: number,
    key: Uint8Array,
    value: Uint8Array,
  ): { readonly found: 'equal' | 'missing' | PlacedFinal; readonly copies: readonly Copy[] } {
    const found = this.table.check(partition, key, value);
    return { found, copies: this.copies.size === 0 ? [] : (this.copies.get(copyKey(partition, key)) ?? []) };
  }

  unseen(): Iterable<PlacedFinal> {
    return this.table.unseen();
  }

  /** Why a final does not stand there. */
  absence(partition: number, identity: string, endMs: number): Absence {
    const span = this.closed.get(`${identity}/${partition}`);
    if (!span || endMs > span.lastEndMs) return 'awaited';
    return span.isTrimmed && endMs < span.firstEndMs ? 'expired' : 'missing';
  }

  private add(partition: number, { key, value, offset, startMs, metric: { identity } }: StandingFinal): void {
    const { count } = this.table;
    const isSame = this.table.add(partition, key, value, offset, startMs);
    if (this.table.count > count) this.byMetric.set(identity, (this.byMetric.get(identity) ?? 0) + 1);
    if (isSame) return;
    this.conflicts += 1;
    if (this.conflicts > this.mostCopies) return;
    const name = copyKey(partition, key);
    this.copies.set(name, [...(this.copies.get(name) ?? []), { offset, value: value.slice() }]);
  }
}

function copyKey(partition: number, key: Uint8Array): string {
  return `${partition}/${new TextDecoder().decode(key)}`;
}
