import type { Expression } from '../expression/ast';

/** Sessions as a stream declares them, after validation: whose events belong together, and what is told of them. */
export interface SessionsDefinition {
  /** `sessions@` and the first 8 hex digits of a hash of everything that decides what sessions there are and what is told of them. */
  readonly identity: string;
  /** Events of somebody at most so far apart are one session. */
  readonly gapMs: number;
  /** At least four gaps. A session that goes on and on is cut, as a metric's session is: at lines half of this apart. */
  readonly maxDurationMs: number;
  readonly outOfOrdernessMs: number;
  /** The first of these fields that an event has divides the events of its key; none, or the key itself: they are not divided. */
  readonly by: readonly string[];
  /** Field with the client's own id of its session; null: clients have none. */
  readonly also: string | null;
  /** Which events are what; null: none. */
  readonly pageView: Expression | null;
  readonly cart: Expression | null;
  readonly removal: Expression | null;
  readonly purchase: Expression | null;
  /** Fields by what they mean here; null: the stream has none. `price` and `revenue` are money, `quantity` is int. */
  readonly type: string | null;
  readonly product: string | null;
  readonly category: string | null;
  readonly device: string | null;
  readonly location: string | null;
  readonly price: string | null;
  readonly quantity: string | null;
  readonly revenue: string | null;
}
