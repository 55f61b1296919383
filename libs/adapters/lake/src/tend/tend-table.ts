import { compactTable, type Compacted } from './compact-table';
import type { CompactionBounds } from './compaction-plan';
import { expiredFiles } from './retention';
import type { TableInCare } from './rewriting';
import { vacuumTable, type Vacuumed } from './vacuum-table';

/** How a table is kept. */
export interface Upkeep {
  readonly compaction: CompactionBounds;
  /** Null: all days are kept. */
  readonly retentionMs: number | null;
  /** Whether files are listed, to remove those that are no part of the table any more. */
  readonly isVacuumDue: boolean;
}

/** What one round has done to a table. */
export interface Tended extends Compacted {
  /** Files of days that are not kept any longer. */
  readonly expired: number;
  readonly vacuumed: Vacuumed;
}

/** One round of upkeep; as often and by as many processes as one likes. @throws SinkUnavailableError, SinkRefusedError */
export async function tendTable(care: TableInCare, upkeep: Upkeep): Promise<Tended> {
  const expired = upkeep.retentionMs === null ? 0 : await expire(care, upkeep.retentionMs);
  const compacted = await compactTable(care, upkeep.compaction);
  if (!upkeep.isVacuumDue) return { ...compacted, expired, vacuumed: { files: 0, bytes: 0 } };
  const vacuumed = await vacuumTable(care);
  await care.table.trimLog();
  return { ...compacted, expired, vacuumed };
}

async function expire({ table, nowMs }: TableInCare, retentionMs: number): Promise<number> {
  let expired: readonly string[] = [];
  await table.commit((now) => {
    const day = now?.partitionBy[0];
    expired = now === null || day === undefined ? [] : expiredFiles(now, day, retentionMs, nowMs());
    return expired.length === 0 ? null : { add: [], remove: expired, dataChange: true };
  });
  return expired.length;
}
