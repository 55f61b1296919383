/** One event of a load, before it becomes JSON. */
export interface LoadEvent {
  /** Its place in the load; names it for good. */
  readonly number: number;
  readonly type: 'page_view' | 'add_to_cart' | 'purchase' | 'search';
  readonly user: number;
  readonly category: string;
  readonly cents: number;
  readonly timeMs: number;
}

export interface EventShape {
  readonly users: number;
  readonly categories: number;
}

const TYPES = ['page_view', 'add_to_cart', 'purchase', 'search'] as const;
const SEED = 0x9e3779b1;
export const ID_PREFIX = 'load-';
const ID_DIGITS = 10;

/** The event of a number: what it says of a user and a category is a function of the number alone. */
export function eventOf(number: number, timeMs: number, { users, categories }: EventShape): LoadEvent {
  const mixed = mix(number);
  return {
    number,
    timeMs,
    type: TYPES[mixed & 3] ?? 'search',
    user: (mixed >>> 2) % users,
    category: `category-${mix(number ^ SEED) % categories}`,
    cents: 100 + (mixed % 20_000),
  };
}

/** JSON of about 350 bytes, as a shop sends it. A user buys one product, so that lists of products have one order. */
export function jsonOf({ number, type, user, category, cents, timeMs }: LoadEvent): string {
  const id = String(number).padStart(ID_DIGITS, '0');
  const price = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
  return (
    `{"event_id":"${ID_PREFIX}${id}","event_type":"${type}","timestamp":"${new Date(timeMs).toISOString()}",` +
    `"user_id":"user-${user}","product_id":"product-${user}","product_name":"${productOf(user)}",` +
    `"category":"${category}","price":${price},"quantity":1,"session_id":"session-${user}-0001",` +
    `"device_type":"mobile","country":"DE","referrer":"https://shop.example.com/landing/page/${id}"}`
  );
}

export const userId = (user: number): string => `user-${user}`;
export const productOf = (user: number): string => `Product ${user} of the shop`;

/** The numbers of all events in a raw record, in order. */
export function numbersIn(value: Uint8Array): number[] {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const mark = `"event_id":"${ID_PREFIX}`;
  const numbers: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    const from = at + mark.length;
    numbers.push(Number(bytes.toString('latin1', from, from + ID_DIGITS)));
  }
  return numbers;
}

function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
