/** Distinct products of a session are counted up to so many; beyond: truncated. */
export const MAX_PRODUCTS = 1_000;
/** Steps of a session's path that are told, the earliest; beyond: truncated. */
export const MAX_PATH = 50;
/** Client's session ids that are told, those that were used first; beyond: truncated. */
export const MAX_CLIENT_SESSIONS = 20;
/**
 * Products that were put into the cart or taken out are remembered up to so many, those touched last; beyond: truncated. (Those
 * touched first could come back, by a row out of order, when what became of them later is forgotten.)
 */
export const MAX_CART = 100;
/** Texts that a session remembers are cut to so many UTF-8 bytes, at a character: truncated. */
export const MAX_TEXT_BYTES = 256;

/** Where somebody entered or left. */
export interface SessionEdge {
  readonly product: string | null;
  readonly category: string | null;
}

/** A product that lies in a cart. */
export interface CartLine {
  readonly product: string;
  /** Of the newest time it was put there: price times quantity, in minor units; null: the event had no price. */
  readonly value: number | null;
}

/**
 * What is known of a session. All of it is a function of the set of its rows (by event time, of equal times by raw position),
 * not of the order in which they came.
 */
export interface Session {
  /** The event key's text. */
  readonly user: string;
  /** Value that divides the events of the key; null: they are not divided. */
  readonly part: string | null;
  /** First and last event. */
  readonly startMs: number;
  readonly endMs: number;
  readonly events: number;
  readonly pageViews: number;
  readonly carts: number;
  readonly purchases: number;
  /** Distinct products, up to MAX_PRODUCTS. */
  readonly products: number;
  /** Of purchases, in minor units. */
  readonly revenue: number;
  /** Of its first and last event that has a product or a category. */
  readonly entry: SessionEdge;
  readonly exit: SessionEdge;
  /** Of the first event that has one. */
  readonly device: string | null;
  readonly location: string | null;
  /** Types of its first events, in order of time. */
  readonly path: readonly string[];
  /** In order of their first use. */
  readonly clientSessions: readonly string[];
  /** What lies in the cart, in the order in which it was put there last: and not taken out later. */
  readonly cart: readonly CartLine[];
  /** A bounded list or count has left something out, or a text was cut. */
  readonly truncated: boolean;
}

/** A session that is over: nothing of it changes any more. */
export interface ClosedSession extends Session {
  /** It was cut at its longest duration: the next one goes on where it ends. */
  readonly isCut: boolean;
  /** Raw offset of the record that closed it. */
  readonly closedBy: number;
}

/** A session's id among all of its stream. */
export function sessionId({ user, part, startMs }: Pick<Session, 'user' | 'part' | 'startMs'>): string {
  return part === null ? `${user}|${startMs}` : `${user}|${part}|${startMs}`;
}

/** Somebody left with something in the cart and bought nothing. Who is cut off has not left. */
export function isAbandoned({ cart, purchases, isCut }: ClosedSession): boolean {
  return cart.length > 0 && purchases === 0 && !isCut;
}

/** What lies in the cart, in minor units; null where no product has a price. */
export function cartValue({ cart }: Pick<Session, 'cart'>): number | null {
  return cart.reduce<number | null>((sum, { value }) => (value === null ? sum : (sum ?? 0) + value), null);
}
