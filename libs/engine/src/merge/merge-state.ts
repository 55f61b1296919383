import type { Frontier } from '@tillstream/contracts';

/** What a merge task keeps besides its topic: the newest frontier heard of each source partition. */
export interface MergeState {
  readonly frontiers: ReadonlyMap<number, Frontier>;
  /** Windows that end at or before this were not whole in what the topic retained when the task was first opened. */
  readonly publishAfterEndMs: number;
}

/** JSON has no infinities: -Infinity is written as null. */
export function encodeMergeState({ frontiers, publishAfterEndMs }: MergeState): Uint8Array {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const listed = [...frontiers].map(([source, frontier]) => ({
    source,
    ...frontier,
    watermarkInputMs: finite(frontier.watermarkInputMs),
    maxEventTimeMs: finite(frontier.maxEventTimeMs),
    maxAppendMs: finite(frontier.maxAppendMs),
  }));
  return new TextEncoder().encode(
    JSON.stringify({ version: 1, publishAfterEndMs: finite(publishAfterEndMs), frontiers: listed }),
  );
}

interface StoredFrontier extends Omit<Frontier, 'watermarkInputMs' | 'maxEventTimeMs' | 'maxAppendMs'> {
  readonly source: number;
  readonly watermarkInputMs: number | null;
  readonly maxEventTimeMs: number | null;
  readonly maxAppendMs: number | null;
}

export function decodeMergeState(bytes: Uint8Array): MergeState {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as {
    readonly publishAfterEndMs: number | null;
    readonly frontiers: readonly StoredFrontier[];
  };
  return {
    publishAfterEndMs: stored.publishAfterEndMs ?? -Infinity,
    frontiers: new Map(
      stored.frontiers.map(({ source, watermarkInputMs, maxEventTimeMs, maxAppendMs, ...rest }) => [
        source,
        {
          ...rest,
          watermarkInputMs: watermarkInputMs ?? -Infinity,
          maxEventTimeMs: maxEventTimeMs ?? -Infinity,
          maxAppendMs: maxAppendMs ?? -Infinity,
        },
      ]),
    ),
  };
}
