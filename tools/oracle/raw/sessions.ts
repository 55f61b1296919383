import type { AcceptedRow } from './decide-partition';
import type { PlainSessions } from './plain-definition';

/** A session that is over, and its rows. */
export interface OverSession {
  readonly startMs: number;
  readonly endMs: number;
  readonly rows: readonly AcceptedRow[];
}

/** A row that came when its session was over. `sessionMs`: when that began; null: the row was older than any that is remembered. */
export interface LateForSession {
  readonly row: AcceptedRow;
  readonly watermarkMs: number;
  readonly sessionMs: number | null;
}

interface Past {
  readonly startMs: number;
  readonly lastMs: number;
  /** Nothing of the group up to here is taken any more. */
  readonly throughMs: number;
  readonly cut: boolean;
}

/**
 * The sessions of one group in one partition. Its rows come in the order of the log; those that are in no session that is
 * over are sorted anew whenever one is asked about.
 *
 * @param rows of the group, in the order of the log
 * @param reachedMs the watermark that the partition has come to
 */
export function sessionsOfGroup(
  windows: PlainSessions,
  outOfOrdernessMs: number,
  rows: readonly AcceptedRow[],
  reachedMs: number,
): { readonly over: readonly OverSession[]; readonly late: readonly LateForSession[] } {
  const { gapMs } = windows;
  const over: OverSession[] = [];
  const late: LateForSession[] = [];
  const past: Past[] = [];
  let open: AcceptedRow[] = [];

  const closeUpTo = (watermarkMs: number): void => {
    for (;;) {
      const first = firstSession(windows, open, past.at(-1));
      if (first === null || watermarkMs < (first.cut ? first.throughMs + 1 : first.lastMs + gapMs + 1)) return;
      const isIn = ({ eventTimeMs }: AcceptedRow): boolean => eventTimeMs <= first.lastMs;
      const endMs = first.cut ? first.throughMs + 1 : first.lastMs + gapMs;
      over.push({ startMs: first.startMs, endMs, rows: open.filter(isIn) });
      open = open.filter((row) => !isIn(row));
      past.push(first);
    }
  };

  for (const row of rows) {
    const watermarkMs = row.inputBeforeMs - outOfOrdernessMs;
    closeUpTo(watermarkMs);
    const before = past.at(-1);
    if (row.eventTimeMs + gapMs < watermarkMs) late.push({ row, watermarkMs, sessionMs: null });
    else if (before && row.eventTimeMs <= before.throughMs) late.push({ row, watermarkMs, sessionMs: before.startMs });
    else open.push(row);
  }
  closeUpTo(reachedMs);
  return { over, late };
}

/** The earliest session of some rows; null: there are none. */
function firstSession(
  { gapMs, maxDurationMs }: PlainSessions,
  rows: readonly AcceptedRow[],
  before?: Past,
): Past | null {
  const times = rows.map(({ eventTimeMs }) => eventTimeMs).sort((a, b) => a - b);
  const [startMs] = times;
  if (startMs === undefined) return null;
  // Lines lie half of the longest duration apart, in whole gaps. Whoever has crossed one is cut at the next.
  const half = gapMs * Math.floor(maxDurationMs / (2 * gapMs));
  const crossed = before?.cut === true && startMs <= before.lastMs + gapMs ? 1 : 0;
  const lineMs = half * (Math.floor(startMs / half) + 2 - crossed);
  let lastMs = startMs;
  for (const time of times) {
    if (time >= lineMs || time > lastMs + gapMs) break;
    lastMs = time;
  }
  const cut = lastMs + gapMs >= lineMs;
  return { startMs, lastMs, cut, throughMs: cut ? lineMs - 1 : lastMs + gapMs };
}
