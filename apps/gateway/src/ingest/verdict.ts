import type { IndexRange, Rejection } from '@tillstream/contracts';
import type { SplitBody } from './splitter';

/** What became of the events of a body, as its sender is told. */
export interface Verdict {
  readonly accepted: number;
  /** Refused events, in order; beyond a bound only their places are told, in `furtherRejected`. */
  readonly rejected: readonly Rejection[];
  readonly furtherRejected: readonly IndexRange[];
}

/** A body without a single event is a mistake of its sender, who is told so. */
const EMPTY_BODY: Verdict = {
  accepted: 0,
  rejected: [{ index: -1, code: 'empty-body', path: '$', message: 'the body holds no event' }],
  furtherRejected: [],
};

/** @param split null for a body of no bytes */
export function verdictOf(split: SplitBody | null): Verdict {
  if (split === null || (split.accepted === 0 && split.rejected.length === 0)) return EMPTY_BODY;
  const { accepted, rejected, rejectedIndexes } = split;
  return { accepted, rejected, furtherRejected: rangesOf(rejectedIndexes.subarray(rejected.length)) };
}

/** The events of a body, whatever became of them. */
export function eventsIn({ accepted, rejected, furtherRejected }: Verdict): number {
  return furtherRejected.reduce((sum, { first, last }) => sum + last - first + 1, accepted + rejected.length);
}

/** Ascending indexes as ranges without gaps. */
function rangesOf(indexes: Uint32Array): IndexRange[] {
  const ranges: { first: number; last: number }[] = [];
  let current: { first: number; last: number } | null = null;
  for (const index of indexes) {
    if (current !== null && index === current.last + 1) current.last = index;
    else ranges.push((current = { first: index, last: index }));
  }
  return ranges;
}
