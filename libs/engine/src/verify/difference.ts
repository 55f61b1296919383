import type { MetricsRecord, ResultValue } from '@tillstream/contracts';
import { decodeMetricsRecord } from '@tillstream/contracts';

/** A record of a metrics topic: the bytes that are compared. */
export interface FinalBytes {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** One final that is not as it should be. */
export interface FinalDifference {
  /**
   * - `differs`: what stands there is not what raw gives
   * - `missing`: raw gives it, and it does not stand there although its window is said to be complete
   * - `surplus`: it stands there, and raw does not give it
   */
  readonly kind: 'differs' | 'missing' | 'surplus';
  readonly metric: string;
  readonly identity: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Partition of `metrics`. */
  readonly partition: number;
  /** Offset of the record that stands there; null: there is none. */
  readonly offset: number | null;
  readonly group: Readonly<Record<string, ResultValue>>;
  /** The first thing in which both differ: a measure, or another field. Null where there is only one. */
  readonly first: { readonly name: string; readonly standing: string; readonly recomputed: string } | null;
}

type Result = Extract<MetricsRecord, { kind: 'result' }>;

/** Puts a difference into words that name the measure. `standing` and `recomputed` are of the same key. */
export function differenceOf(
  kind: FinalDifference['kind'],
  partition: number,
  offset: number | null,
  standing: FinalBytes | null,
  recomputed: FinalBytes | null,
): FinalDifference {
  const known = standing ?? recomputed;
  const decoded = known && decodeMetricsRecord(known);
  const other = recomputed && decodeMetricsRecord(recomputed);
  const about = [decoded, other].find((record): record is Result => record?.kind === 'result');
  return {
    kind,
    metric: about?.metric ?? '',
    identity: about?.identity ?? '',
    startMs: about?.startMs ?? NaN,
    endMs: about?.endMs ?? NaN,
    partition,
    offset,
    group: about?.group ?? {},
    first: standing && recomputed && firstDifference(standing, recomputed, decoded, other),
  };
}

function firstDifference(
  standing: FinalBytes,
  recomputed: FinalBytes,
  a: MetricsRecord | null,
  b: MetricsRecord | null,
): FinalDifference['first'] {
  if (a?.kind === 'result' && b?.kind === 'result') {
    for (const [name, value] of Object.entries(b.measures)) {
      const there = JSON.stringify(a.measures[name]) ?? 'nothing';
      if (there !== JSON.stringify(value)) return { name, standing: there, recomputed: JSON.stringify(value) };
    }
    if (a.revision !== b.revision) {
      return { name: 'revision', standing: String(a.revision), recomputed: String(b.revision) };
    }
  }
  return { name: 'the record', standing: textOf(standing.value), recomputed: textOf(recomputed.value) };
}

const textOf = (bytes: Uint8Array): string => (bytes.length === 0 ? 'a tombstone' : new TextDecoder().decode(bytes));
