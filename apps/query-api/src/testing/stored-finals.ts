import type { FinalsQuestion, LateBySource, StoredFinal } from '@tillstream/adapter-lake';
import { feedDecoder, type StreamDefinition } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import type { WindowHistory } from '../history/window-history';

type Kept = StoredFinal & { readonly identity: string };

/** Finals below some offsets of their log, as a lake would have them: plainly, in memory. */
export class StoredFinals implements WindowHistory {
  private readonly rows: readonly Kept[];

  constructor(
    definition: StreamDefinition,
    records: readonly (readonly LogRecord[])[],
    private readonly ends: readonly number[],
    private readonly hopMs: number,
    private readonly late: readonly LateBySource[],
  ) {
    const decode = feedDecoder(definition, 'finals');
    const kept = records.flatMap((log, partition) =>
      log.slice(0, ends[partition]).flatMap((record) =>
        decode(record, partition).map(({ id, timeMs, values, table }) => ({
          ...{ id, startMs: timeMs, group: JSON.stringify(values['group']), identity: table },
          record: Buffer.from(record.value!).toString(),
        })),
      ),
    );
    this.rows = kept.sort((a, b) => a.startMs - b.startMs || compareBytes(a.group, b.group));
  }

  next(partition: number): number {
    return this.ends[partition]!;
  }

  page({ identity, fromMs, toMs, after, groupHas, limit }: FinalsQuestion): Promise<readonly StoredFinal[]> {
    const found = this.rows.filter(
      (row) =>
        row.identity === identity &&
        row.startMs >= fromMs &&
        row.startMs < toMs &&
        groupHas.every((part) => row.group.includes(part)) &&
        (after === null ||
          row.startMs > after.startMs ||
          (row.startMs === after.startMs && compareBytes(row.group, after.group) > 0)),
    );
    return Promise.resolve(found.slice(0, limit));
  }

  at(identity: string, startsMs: readonly number[], groups: readonly string[]): Promise<readonly StoredFinal[]> {
    return Promise.resolve(
      this.rows.filter(
        (row) => row.identity === identity && startsMs.includes(row.startMs) && groups.includes(row.group),
      ),
    );
  }

  windowsAmong(identity: string, startsMs: readonly number[]): Promise<ReadonlySet<number>> {
    const own = this.rows.filter((row) => row.identity === identity && startsMs.includes(row.startMs));
    return Promise.resolve(new Set(own.map(({ startMs }) => startMs)));
  }

  newestBefore(identity: string, beforeMs: number): Promise<number | null> {
    const own = this.rows.filter((row) => row.identity === identity && row.startMs < beforeMs);
    return Promise.resolve(own.at(-1)?.startMs ?? null);
  }

  lateRows(_identity: string, startsMs: readonly number[]): Promise<ReadonlyMap<number, LateBySource>> {
    return Promise.resolve(new Map(startsMs.map((startMs) => [startMs, this.late[startMs / this.hopMs] ?? new Map()])));
  }
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
