import type { Expression } from '../expression/ast';

/** Attribution as a stream declares it, after validation: which events lead to which. */
export interface AttributionDefinition {
  /** `attribution@` and the first 8 hex digits of a hash of everything that decides which pairs there are and what is told of them. */
  readonly identity: string;
  /** The views, and the purchases they may have led to. */
  readonly from: Expression;
  readonly to: Expression;
  /** A view and its purchase are of one key and agree in these fields; an event where one is null is neither. At least one. */
  readonly on: readonly string[];
  /** view < purchase ≤ view + withinMs. */
  readonly withinMs: number;
  readonly outOfOrdernessMs: number;
  /** Views of one purchase that are told, the newest; beyond: truncated. */
  readonly maxMatches: number;
  /** Fields of the purchase that are told; null: the stream has none. `revenue` is money. */
  readonly category: string | null;
  readonly device: string | null;
  readonly revenue: string | null;
}
