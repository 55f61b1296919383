import type { SeededRandom } from '@tillstream/engine/testing';
import type { PlainAttribution, PlainRow, PlainVisits } from '../oracle/raw-oracle';
import type { RandomCondition } from './random-condition';

/** What a stream declares of visits, as its file has it and in plain code; null: nothing. */
export interface RandomVisits {
  /** Sections that stand at the end of a stream file. */
  readonly yaml: string;
  readonly sessions: PlainVisits | null;
  readonly attribution: PlainAttribution | null;
}

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const GAPS_S = [10, 45, 150, 600, 1_800];
const BOUNDS_S = [0, 10, 60, 300];
const WITHIN_S = [5, 30, 120, 900, 1_800];
const PARTS = [[], [], ['session_id'], ['device_type'], ['user_id', 'session_id'], ['session_id', 'user_id']];
const ON = [['product_id'], ['product_id'], ['category'], ['product_id', 'category'], ['quantity']];
const SCOPE = ['both', 'both', 'sessions', 'attribution'] as const;

type Holds = (row: PlainRow) => boolean;
const isType =
  (type: string): Holds =>
  (row) =>
    row['event_type'] === type;

/** Of fields that every shop's stream here has. */
const CONDITIONS: readonly RandomCondition[] = [
  { text: "event_type == 'search'", holds: isType('search') },
  { text: "category == 'books'", holds: (row) => row['category'] === 'books' },
  { text: 'price > 9.99', holds: ({ price }) => typeof price === 'bigint' && price > 999n },
  { text: 'quantity != 1', holds: (row) => row['quantity'] !== 1 },
  {
    text: "event_type in ['page_view', 'purchase']",
    holds: (row) => isType('page_view')(row) || isType('purchase')(row),
  },
];

/** A section of a stream file, and what it says in plain code. */
export interface Declared<Plain> {
  readonly yaml: string;
  readonly plain: Plain;
}

/** Sessions and attribution of the shop's events that nobody would think of: some are cut, or divided, or of other events. */
export function randomVisits(random: SeededRandom): RandomVisits {
  const scope = random.pick(SCOPE);
  const sessions = scope === 'attribution' ? null : randomSessions(random);
  const attribution = scope === 'sessions' ? null : randomAttribution(random);
  return {
    yaml: `${sessions?.yaml ?? ''}${attribution?.yaml ?? ''}`,
    sessions: sessions?.plain ?? null,
    attribution: attribution?.plain ?? null,
  };
}

/** What differs from one declaration of sessions to another. */
export interface SessionsSketch {
  readonly gapS: number;
  /** Null: a day. */
  readonly longestS: number | null;
  readonly boundS: number;
  readonly by: readonly string[];
  readonly also: string | null;
  /** Null: the usual events. */
  readonly cart: RandomCondition | null;
  readonly removal: string;
}

function randomSessions(random: SeededRandom): Declared<PlainVisits> {
  const gapS = random.pick(GAPS_S);
  return sessionsOf({
    gapS,
    longestS: random.chance(0.5) ? gapS * (4 + random.below(8)) + random.below(gapS) : null,
    boundS: random.pick(BOUNDS_S),
    by: random.pick(PARTS),
    also: random.chance(0.5) ? 'session_id' : null,
    cart: random.chance(0.3) ? random.pick(CONDITIONS) : null,
    removal: random.pick(['remove_from_cart', 'search']),
  });
}

/** A section `sessions` of the shop's stream file. */
export function sessionsOf({ gapS, longestS, boundS, by, also, cart, removal }: SessionsSketch): Declared<PlainVisits> {
  const lines = [
    `gap: ${gapS}s`,
    ...(longestS === null ? [] : [`maxDuration: ${longestS}s`]),
    `outOfOrderness: ${boundS}s`,
    ...(by.length === 0 ? [] : [`by: [${by.join(', ')}]`]),
    ...(also === null ? [] : [`also: ${also}`]),
    ...(cart === null ? [] : [`cart: ${JSON.stringify(cart.text)}`]),
    `removal: event_type == '${removal}'`,
  ];
  return {
    yaml: `sessions:\n${lines.map((line) => `  ${line}\n`).join('')}`,
    plain: {
      gapMs: gapS * SECOND_MS,
      maxDurationMs: longestS === null ? DAY_MS : longestS * SECOND_MS,
      outOfOrdernessMs: boundS * SECOND_MS,
      // The key itself, or the beginning of what it is made of, divides nobody.
      by: by.join() === 'user_id' ? [] : by,
      also,
      pageView: isType('page_view'),
      cart: cart?.holds ?? isType('add_to_cart'),
      removal: isType(removal),
      purchase: isType('purchase'),
      ...{ type: 'event_type', product: 'product_id', category: 'category', device: 'device_type' },
      ...{ location: 'country', price: 'price', quantity: 'quantity', revenue: 'revenue' },
    },
  };
}

/** What differs from one declaration of attribution to another. */
export interface AttributionSketch {
  readonly on: readonly string[];
  readonly withinS: number;
  readonly boundS: number;
  readonly maxMatches: number;
  /** Null: the usual events. */
  readonly from: RandomCondition | null;
  readonly to: RandomCondition | null;
}

function randomAttribution(random: SeededRandom): Declared<PlainAttribution> {
  return attributionOf({
    on: random.pick(ON),
    withinS: random.pick(WITHIN_S),
    boundS: random.pick(BOUNDS_S),
    maxMatches: random.pick([1, 2, 3, 100]),
    from: random.chance(0.3) ? random.pick(CONDITIONS) : null,
    to: random.chance(0.2) ? random.pick(CONDITIONS) : null,
  });
}

/** A section `attribution` of the shop's stream file. */
export function attributionOf(sketch: AttributionSketch): Declared<PlainAttribution> {
  const { on, withinS, boundS, maxMatches, from, to } = sketch;
  const lines = [
    ...(from === null ? [] : [`from: ${JSON.stringify(from.text)}`]),
    ...(to === null ? [] : [`to: ${JSON.stringify(to.text)}`]),
    `on: [${on.join(', ')}]`,
    `within: ${withinS}s`,
    `outOfOrderness: ${boundS}s`,
    `maxMatches: ${maxMatches}`,
  ];
  return {
    yaml: `attribution:\n${lines.map((line) => `  ${line}\n`).join('')}`,
    plain: {
      from: from?.holds ?? isType('page_view'),
      to: to?.holds ?? isType('purchase'),
      on,
      withinMs: withinS * SECOND_MS,
      outOfOrdernessMs: boundS * SECOND_MS,
      maxMatches,
      ...{ category: 'category', device: 'device_type', revenue: 'revenue' },
    },
  };
}
