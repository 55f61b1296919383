import type { RejectedEvent } from '@tillstream/core';

/** One JSON object or an array of them; or one object a line. */
export type BodyForm = 'json' | 'ndjson';

/** A body's events, by partition. */
export interface SplitBody {
  readonly accepted: number;
  /** The first rejections, in order; how many are told in detail is bounded. */
  readonly rejected: readonly RejectedEvent[];
  /** Every rejected event, in order. */
  readonly rejectedIndexes: Uint32Array;
  readonly rejectedCounts: Readonly<Partial<Record<RejectedEvent['code'], number>>>;
  /** Raw records, in the order of their rows in the body; each within the bounds of a raw record. */
  readonly records: readonly { readonly partition: number; readonly value: Uint8Array; readonly rows: number }[];
}

/** Checks what a row alone decides, and puts the rows of a body together by partition. */
export interface Splitter {
  /** @param room asked once for the memory of all records; what it gives is used up by them */
  split(body: Uint8Array, form: BodyForm, room: (bytes: number) => Uint8Array): SplitBody;
}
