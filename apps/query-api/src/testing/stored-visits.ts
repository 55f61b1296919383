import type { RowPlace, StoredVisitRow, VisitFeed, VisitQuestion } from '@tillstream/adapter-lake';
import { feedDecoder, type FeedRow, type StreamDefinition } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import type { RowHistory } from '../history/window-history';

/** Sessions or attributions below some offsets of their log, as a lake would have them: plainly, in memory. */
export class StoredVisits implements RowHistory {
  private readonly rows: readonly FeedRow[];

  constructor(
    definition: StreamDefinition,
    private readonly feed: VisitFeed,
    records: readonly (readonly LogRecord[])[],
    private readonly ends: readonly number[],
  ) {
    const decode = feedDecoder(definition, feed);
    const all = records.flatMap((log, partition) =>
      log.slice(0, ends[partition]).flatMap((record) => decode(record, partition)),
    );
    this.rows = [...new Map(all.map((row) => [row.id, row])).values()];
  }

  next(partition: number): number {
    return this.ends[partition]!;
  }

  page({ by, fromMs, toMs, beforeMs, after, user, convertedOnly, on, limit }: VisitQuestion) {
    const found = this.rows
      .filter(
        ({ timeMs, values, record }) =>
          timeMs < beforeMs &&
          (user === '' || values['user'] === user) &&
          (!convertedOnly || values['converted'] === true) &&
          on.every(([field, value]) => onOf(record)[field] === value),
      )
      .map((row) => this.stored(row, by === 'start' ? Number(row.values['started']) : row.timeMs))
      .filter(({ instantMs }) => instantMs >= fromMs && instantMs < toMs)
      .sort(comparePlaces)
      .filter((row) => after === null || comparePlaces(row, after) > 0);
    return Promise.resolve(found.slice(0, limit));
  }

  session(id: string, startMs: number): Promise<StoredVisitRow | null> {
    const row = this.rows.find((one) => one.id === id && one.values['started'] === startMs);
    return Promise.resolve(row ? this.stored(row, row.timeMs) : null);
  }

  private stored({ id, partition, record, values }: FeedRow, instantMs: number): StoredVisitRow {
    const { purchase_id: position, touch } = values as {
      readonly purchase_id?: string;
      readonly touch?: number | null;
    };
    const numbers = [...(position ?? '').split('|'), String(touch ?? 1)];
    const purchase = numbers.map((number) => number.padStart(16, '0')).join('|');
    return {
      ...{ instantMs, id: this.feed === 'sessions' ? id : purchase, partition },
      record: Buffer.from(record!).toString(),
    };
  }
}

function onOf(record: Uint8Array | null): Readonly<Record<string, string>> {
  return (JSON.parse(Buffer.from(record!).toString()) as { on: Record<string, string> }).on;
}

function comparePlaces(a: RowPlace, b: RowPlace): number {
  return b.instantMs - a.instantMs || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));
}
