import type { Rejection } from '@tillstream/contracts';

/** One JSON object or an array of them; or one object a line. */
export type BodyForm = 'json' | 'ndjson';

/** A body's events, by partition. */
export interface SplitBody {
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
  /** Raw records, in the order of their rows in the body; each within the bounds of a raw record. */
  readonly records: readonly { readonly partition: number; readonly value: Uint8Array; readonly rows: number }[];
}

/** Checks what a row alone decides, and puts the rows of a body together by partition. */
export interface Splitter {
  split(body: Uint8Array, form: BodyForm): SplitBody;
}
