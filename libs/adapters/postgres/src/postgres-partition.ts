import type { Feed } from '@tillstream/contracts';
import type { FeedPortion, FlushBounds, KeepRefused, PendingRows, RefusedRow, SinkPartition } from '@tillstream/engine';
import { SinkOvertakenError, SinkRefusedError } from '@tillstream/engine';
import type { Connections, Session } from './connections';
import type { PendingTable } from './pending-table';
import { isAboutShape } from './postgres-error';
import { RowStore } from './row-store';
import { PROGRESS } from './schema';
import { quoted } from './table-names';

/** Whose position it is. */
export interface Lane {
  readonly schema: string;
  readonly sink: string;
  readonly feed: Feed;
  readonly partition: number;
}

/** A feed's partition in PostgreSQL: rows and position move in one transaction, so the server knows what it has. */
export class PostgresPartition implements SinkPartition {
  private readonly tables: ReadonlyMap<string, PendingTable>;
  private from: number | null;
  private end: number | null;

  constructor(
    private readonly connections: Connections,
    private readonly lane: Lane,
    tables: readonly PendingTable[],
    readonly bounds: FlushBounds,
    /** Makes again what is missing of the tables. */
    private readonly repair: () => Promise<void>,
    stored: number | null,
  ) {
    this.tables = new Map(tables.map((pending) => [pending.table.name, pending]));
    this.from = this.end = stored;
  }

  get next(): number | null {
    return this.from;
  }

  get pending(): PendingRows {
    let [rows, bytes] = [0, 0];
    for (const pending of this.tables.values()) {
      rows += pending.count;
      bytes += pending.bytes;
    }
    return { rows, bytes };
  }

  async add(portion: FeedPortion): Promise<void> {
    const { feed, partition } = this.lane;
    if (this.end !== null && portion.from !== this.end) {
      throw new Error(`${feed}/${partition} goes on at ${this.end}, and what was added begins at ${portion.from}`);
    }
    const { rows } = portion;
    if (rows.kind === 'columns') this.tableOf(rows.table.name).addEvents(rows.batch, rows.selected);
    else for (const row of rows.rows) this.tableOf(row.table).addRow(row);
    this.from ??= portion.from;
    this.end = portion.next;
  }

  async flush(keep: KeepRefused): Promise<void> {
    const { from, end } = this;
    if (from === null || end === null || from === end) return;
    try {
      await this.store(from, end, keep);
    } catch (cause) {
      if (!(cause instanceof SinkRefusedError) || !isAboutShape(cause.cause)) throw cause;
      await this.repair(); // somebody has dropped a column, or a table, while this was open
      await this.store(from, end, keep);
    }
    this.from = end;
    this.clear();
  }

  async close(): Promise<void> {
    this.clear();
    this.end = this.from;
  }

  private clear(): void {
    for (const pending of this.tables.values()) pending.clear();
  }

  private tableOf(name: string): PendingTable {
    const pending = this.tables.get(name);
    if (pending === undefined) throw new Error(`${this.lane.feed} have no table ${name}`);
    return pending;
  }

  private store(from: number, end: number, keep: KeepRefused): Promise<void> {
    return this.connections.transaction(async (session) => {
      await this.moveTo(session, from, end);
      const refused: RefusedRow[] = [];
      for (const pending of this.tables.values()) {
        refused.push(...(await new RowStore(session, this.lane.schema, pending).store()));
      }
      if (refused.length > 0) await keep(refused);
    });
  }

  /** First of all: who else writes this partition waits here, and then sees that it has been overtaken. */
  private async moveTo(session: Session, from: number, next: number): Promise<void> {
    const { schema, sink, feed, partition } = this.lane;
    const moved = await session.query(
      `INSERT INTO ${quoted(schema)}.${quoted(PROGRESS)} AS p (sink, feed, partition, next) VALUES ($1, $2, $3, $4)
       ON CONFLICT (sink, feed, partition) DO UPDATE SET next = EXCLUDED.next, stored_at = now() WHERE p.next = $5
       RETURNING next`,
      [sink, feed, partition, next, from],
    );
    if (moved.length === 0) {
      throw new SinkOvertakenError(`${sink}: somebody else has stored ${feed}/${partition} from ${from} on`);
    }
  }
}

/** The first position that a partition's tables do not hold; null: nothing was ever stored. */
export async function storedPosition(
  session: Session,
  { schema, sink, feed, partition }: Lane,
): Promise<number | null> {
  const [found] = await session.query(
    `SELECT next FROM ${quoted(schema)}.${quoted(PROGRESS)} WHERE sink = $1 AND feed = $2 AND partition = $3`,
    [sink, feed, partition],
  );
  return found === undefined ? null : Number(found['next']);
}
