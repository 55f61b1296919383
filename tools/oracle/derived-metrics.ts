import type { ExpectedOutcome, ExpectedVisits, PlainDefinition, PlainField, PlainType } from './raw-oracle';
import { outcomeOf } from './raw-oracle';
import type { DerivedRows } from './raw/derived-rows';
import { attributionRow, derivedPartition, sessionRow } from './raw/derived-rows';

/** Types of the fields of a row, by name. */
function fieldsOf(
  types: Readonly<Partial<Record<PlainType, readonly string[]>>>,
): Readonly<Record<string, PlainField>> {
  const entries = Object.entries(types) as [PlainType, readonly string[]][];
  return Object.fromEntries(entries.flatMap(([type, names]) => names.map((name) => [name, { type, optional: true }])));
}

const SESSION_FIELDS = fieldsOf({
  string: [
    ...['session_id', 'user', 'part', 'entry_product', 'entry_category', 'exit_product', 'exit_category'],
    ...['device', 'location', 'path', 'client_session'],
  ],
  timestamp: ['started', 'ended'],
  int: [
    ...['duration_ms', 'events', 'page_views', 'carts', 'purchases', 'products', 'client_sessions', 'cart_products'],
    'hour_of_day',
  ],
  money: ['revenue', 'cart_value'],
  bool: ['converted', 'bounced', 'abandoned', 'cut', 'truncated'],
});

const ATTRIBUTION_FIELDS = fieldsOf({
  string: ['purchase_id', 'view_id', 'user', 'category', 'device'],
  timestamp: ['purchased', 'viewed'],
  int: ['time_to_purchase_ms', 'touch', 'views'],
  double: ['share'],
  money: ['revenue', 'assisted_revenue'],
  bool: ['last_touch', 'direct', 'first_of_purchase', 'truncated'],
});

/** What must come of the metrics over sessions and attributions, if these are what they must be. */
export function expectedOverVisits(
  plain: PlainDefinition,
  { partitions }: ExpectedOutcome,
  visits: readonly ExpectedVisits[],
): readonly ExpectedOutcome[] {
  const { sessions, attribution, overVisits: metrics } = plain;
  if (!metrics) return [];
  const outcomes: ExpectedOutcome[] = [];
  const add = (of: 'sessions' | 'attributions', fields: PlainDefinition['fields'], rows: DerivedRows): void => {
    const decided = partitions.map((outcome, p) => derivedPartition(p, outcome, visits[p]?.[of] ?? [], rows));
    const definition = { ...plain, key: ['user'], eventTime: rows.time, fields, metrics: metrics[of] };
    outcomes.push(outcomeOf(definition, decided));
  };
  if (sessions) {
    const delayMs = sessions.gapMs + sessions.outOfOrdernessMs;
    const common = { rowOf: sessionRow, saidBy: 'closed_by', time: 'ended', delayMs };
    add('sessions', SESSION_FIELDS, { ...common, compare: byVisitor });
  }
  if (attribution) {
    const on = fieldsOf({ string: attribution.on });
    const delayMs = attribution.outOfOrdernessMs;
    const common = { rowOf: attributionRow, saidBy: 'decided_by', time: 'purchased', delayMs };
    add('attributions', { ...on, ...ATTRIBUTION_FIELDS }, { ...common, compare: byPurchase });
  }
  return outcomes;
}

type Compare = DerivedRows['compare'];

/** By user, by what divides them, then by time. */
const byVisitor: Compare = ({ json: a }, { json: b }) =>
  byBytes(textOf(a['user']), textOf(b['user'])) ||
  byBytes(textOf(a['part']), textOf(b['part'])) ||
  textOf(a['start']).localeCompare(textOf(b['start']));

/** By time, then by place in raw, the newest view first. */
const byPurchase: Compare = ({ json: a }, { json: b }) => {
  const [[, offsetA = 0, indexA = 0], [, offsetB = 0, indexB = 0]] = [placeOf(a), placeOf(b)];
  return (
    Date.parse(textOf(a['purchased'])) - Date.parse(textOf(b['purchased'])) ||
    offsetA - offsetB ||
    indexA - indexB ||
    Number(a['touch'] ?? 0) - Number(b['touch'] ?? 0)
  );
};

function placeOf(json: Readonly<Record<string, unknown>>): number[] {
  return textOf(json['purchase_id']).split('|').map(Number);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
