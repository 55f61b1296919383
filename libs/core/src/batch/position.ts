import type { BatchPosition } from './event-batch';

/** What stands at the begin of a partition that never had a record. */
export function emptyPosition(): BatchPosition {
  return {
    maxEventTimeMs: -Infinity,
    watermarkInputMs: -Infinity,
    maxAppendMs: -Infinity,
    held: false,
    rowsSeen: 0,
    definition: '',
    catalogOffset: -1,
    reroutedThrough: new Map(),
  };
}
