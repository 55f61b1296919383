import type { RecordHeaders } from '../ports/log';

/** What became of a row of the group and window. */
export type RowFate = 'counted' | 'late' | 'duplicate' | 'filtered';

/** A row with its place in raw. */
export interface SampleRow {
  readonly fate: RowFate;
  readonly partition: number;
  readonly offset: number;
  /** Place within the raw record. */
  readonly index: number;
  readonly eventMs: number;
  /** One JSON object, as in the late ledger. */
  readonly json: string;
  /** W3C trace id of the write that brought the row, where it was sampled. */
  readonly traceId: string | null;
}

/** In this order they are shown: what the number is made of first, then what it lacks. */
const FATES: readonly RowFate[] = ['counted', 'late', 'duplicate', 'filtered'];

/** The first rows of each partition and fate, at most so many. */
export class SampleRows {
  private readonly rows = new Map<string, SampleRow[]>();

  constructor(private readonly most: number) {}

  /** @param make called only when the row is kept */
  offer(fate: RowFate, partition: number, make: () => SampleRow): void {
    const name = `${fate}/${partition}`;
    const kept = this.rows.get(name);
    if ((kept?.length ?? 0) >= this.most) return;
    if (kept) kept.push(make());
    else this.rows.set(name, [make()]);
  }

  /** Of each fate as evenly over the partitions as there are rows, by fate, partition and place. */
  taken(): SampleRow[] {
    const taken: SampleRow[] = [];
    for (const fate of FATES) {
      const byPartition = [...this.rows].filter(([name]) => name.startsWith(`${fate}/`)).map(([, rows]) => rows);
      const ofFate: SampleRow[] = [];
      for (let turn = 0; turn < this.most; turn++) {
        for (const rows of byPartition) {
          const row = rows[turn];
          if (row && taken.length + ofFate.length < this.most) ofFate.push(row);
        }
      }
      ofFate.sort((a, b) => a.partition - b.partition || a.offset - b.offset || a.index - b.index);
      taken.push(...ofFate);
    }
    return taken;
  }
}

const decoder = new TextDecoder();

/** The trace id of a W3C traceparent that says sampled: what was not sampled leads nowhere. */
export function sampledTraceId({ traceparent }: RecordHeaders): string | null {
  if (!traceparent) return null;
  const [, id, flags] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(decoder.decode(traceparent)) ?? [];
  return id !== undefined && (parseInt(flags ?? '', 16) & 1) === 1 ? id : null;
}
