import type { Frontier } from '@tillstream/contracts';
import { KnownSpans } from './known-spans';

/** What a merge task keeps besides its topic: the newest frontier heard of each source partition. */
export interface MergeState {
  readonly frontiers: ReadonlyMap<number, Frontier>;
  /** Windows that end at or before this were not whole in what the topic retained when the task was first opened. */
  readonly publishAfterEndMs: number;
  /** What sources have said of metrics; it outlives what they say now of those that they no longer have. */
  readonly spans: KnownSpans;
}

/** JSON has no infinities: they are written as text. */
type StoredNumber = number | 'Infinity' | '-Infinity';

interface StoredFrontier extends Omit<Frontier, 'watermarkInputMs' | 'maxEventTimeMs' | 'maxAppendMs' | 'spans'> {
  readonly source: number;
  /** Null was written for -Infinity by an earlier version. */
  readonly watermarkInputMs: StoredNumber | null;
  readonly maxEventTimeMs: StoredNumber | null;
  readonly maxAppendMs: StoredNumber | null;
}

interface StoredState {
  readonly publishAfterEndMs: StoredNumber | null;
  readonly frontiers: readonly StoredFrontier[];
  /** Absent: an earlier version, whose metrics were always declared. */
  readonly spans?: readonly (readonly [
    source: number,
    identity: string,
    fromMs: StoredNumber,
    untilMs: StoredNumber,
  ])[];
}

export function encodeMergeState({ frontiers, publishAfterEndMs, spans }: MergeState): Uint8Array {
  const state: StoredState & { readonly version: 1 } = {
    version: 1,
    publishAfterEndMs: stored(publishAfterEndMs),
    frontiers: [...frontiers].map(([source, { spans: _said, ...frontier }]) => ({
      source,
      ...frontier,
      watermarkInputMs: stored(frontier.watermarkInputMs),
      maxEventTimeMs: stored(frontier.maxEventTimeMs),
      maxAppendMs: stored(frontier.maxAppendMs),
    })),
    spans: [...spans.entries()].map(([source, identity, { fromMs, untilMs }]) => [
      source,
      identity,
      stored(fromMs),
      stored(untilMs),
    ]),
  };
  return new TextEncoder().encode(JSON.stringify(state));
}

export function decodeMergeState(bytes: Uint8Array): MergeState {
  const state = JSON.parse(new TextDecoder().decode(bytes)) as StoredState;
  return {
    publishAfterEndMs: restored(state.publishAfterEndMs),
    frontiers: new Map(
      state.frontiers.map(({ source, watermarkInputMs, maxEventTimeMs, maxAppendMs, ...rest }) => [
        source,
        {
          ...rest,
          watermarkInputMs: restored(watermarkInputMs),
          maxEventTimeMs: restored(maxEventTimeMs),
          maxAppendMs: restored(maxAppendMs),
        },
      ]),
    ),
    spans: new KnownSpans(
      (state.spans ?? []).map(([source, identity, fromMs, untilMs]) => [
        source,
        identity,
        { fromMs: restored(fromMs), untilMs: restored(untilMs) },
      ]),
    ),
  };
}

function stored(value: number): StoredNumber {
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'Infinity' : '-Infinity';
}

function restored(value: StoredNumber | null): number {
  return value === null ? -Infinity : Number(value);
}
