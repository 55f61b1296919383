import {
  fromTimestamp,
  type MetricMessage,
  type WatchWindowsResponse,
  type WindowResultMessage,
} from '@tillstream/contracts';
import { keyOf, toRow, type PlainValue, type ResultRow } from '../query/result-row';

interface HeldRow {
  readonly startMs: number;
  readonly row: ResultRow;
}

/** One window of a metric as it is shown. */
export interface ShownWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly final: boolean;
  /** Largest first, by the first measure. */
  readonly rows: readonly ResultRow[];
}

/** What a watch of the newest windows of one metric has told so far. */
export class WatchedMetric {
  /** As many windows as hold the same moment: the oldest of them is the fullest one that is still open. */
  readonly windows: number;
  private readonly held = new Map<string, HeldRow>();
  lost = false;

  constructor(readonly metric: MetricMessage) {
    const { windowSize, windowHop } = metric;
    this.windows =
      windowSize && windowHop ? Math.max(1, Math.round(fromTimestamp(windowSize) / fromTimestamp(windowHop))) : 1;
  }

  take({ snapshot, upserts, retractions }: WatchWindowsResponse): void {
    this.lost = false;
    if (snapshot) this.held.clear();
    for (const message of upserts) this.held.set(keyOf(message), { startMs: startOf(message), row: toRow(message) });
    for (const message of retractions) this.held.delete(keyOf(message));
    this.forgetOld();
  }

  /** The fullest of the newest windows; null while there is none. */
  shown(): ShownWindow | null {
    const starts = this.newestStarts();
    const startMs = starts.at(-1);
    if (startMs === undefined) return null;
    const rows = [...this.held.values()].filter((held) => held.startMs === startMs).map(({ row }) => row);
    const measure = this.metric.measures[0]?.name ?? '';
    return {
      startMs,
      endMs: Date.parse(rows[0]!.window_end),
      final: rows.every(({ final }) => final),
      rows: rows.sort((a, b) => Number(b.measures[measure] ?? 0) - Number(a.measures[measure] ?? 0)),
    };
  }

  /** Late rows over the windows held. */
  get lateRows(): number {
    const byWindow = new Map([...this.held.values()].map(({ startMs, row }) => [startMs, Number(row.late_rows)]));
    return [...byWindow.values()].reduce((sum, late) => sum + late, 0);
  }

  private forgetOld(): void {
    const oldest = this.newestStarts().at(-1) ?? -Infinity;
    for (const [key, { startMs }] of this.held) if (startMs < oldest) this.held.delete(key);
  }

  /** Newest first. */
  private newestStarts(): number[] {
    const starts = new Set([...this.held.values()].map(({ startMs }) => startMs));
    return [...starts].sort((a, b) => b - a).slice(0, this.windows);
  }
}

const startOf = ({ start }: WindowResultMessage): number => (start === null ? 0 : fromTimestamp(start));

/** The sum of a measure, exact for decimal text; null where there is nothing to add. */
export function sumOf(values: readonly PlainValue[]): PlainValue {
  const texts = values.filter((value) => typeof value === 'string' || typeof value === 'number').map(String);
  if (texts.length === 0 || texts.some((text) => !/^-?\d+(\.\d+)?$/.test(text))) return null;
  const digits = Math.max(...texts.map((text) => (text.split('.')[1] ?? '').length));
  const sum = texts.reduce((total, text) => total + scaled(text, digits), 0n);
  const sign = sum < 0n ? '-' : '';
  const padded = String(sum < 0n ? -sum : sum).padStart(digits + 1, '0');
  return digits === 0 ? `${sign}${padded}` : `${sign}${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}

function scaled(text: string, digits: number): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(digits, '0')}`);
}
