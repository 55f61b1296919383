import type { SessionsDefinition } from '@tillstream/core';
import type { Section, Value } from './document';
import { formatDuration } from './duration';
import { TEXTS, readEvents, readField, readRole } from './event-roles';
import type { EventScope } from './event-roles';
import { sectionIdentity } from './identity';

const KEYS = [
  ...(['gap', 'maxDuration', 'outOfOrderness', 'by', 'also'] as const),
  ...(['pageView', 'cart', 'removal', 'purchase'] as const),
  ...(['type', 'product', 'category', 'device', 'location', 'price', 'quantity', 'revenue'] as const),
] as const;
type SessionsKey = (typeof KEYS)[number];

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const MAX_GAP_MS = DAY_MS;
const DEFAULT_DURATION_MS = DAY_MS;
/** Where sessions are cut is known only from so many gaps on. */
const LEAST_GAPS = 4;
const MAX_DURATION_MS = 7 * DAY_MS;

/** Reads `sessions:`; null after its problems have been reported. */
export function readSessions(value: Value, scope: EventScope): SessionsDefinition | null {
  const section = value.section(KEYS, {
    session: 'the gap between sessions is written { gap: 30m }',
    window: 'sessions of a stream have a gap, { gap: 30m }; windows are of metrics',
  });
  if (section === null) return null;
  const gapMs = section
    .require('gap')
    ?.duration({ minMs: SECOND_MS, maxMs: MAX_GAP_MS, otherwise: 'must be from 1s to 1d' });
  const maxDurationMs = readMaxDuration(section, gapMs ?? null);
  const outOfOrdernessMs = section
    .get('outOfOrderness')
    ?.duration({ minMs: 0, maxMs: MAX_DURATION_MS, otherwise: 'must be at most 7d' });
  const also = section.get('also');
  const role = (name: Parameters<typeof readRole>[1]): string | null => readRole(section, name, scope);
  const type = role('type');
  const events = (key: SessionsKey, usual: string) => readEvents(section.get(key), usual, type, scope);
  const meaning = {
    gapMs: gapMs ?? 0,
    maxDurationMs: maxDurationMs ?? 0,
    outOfOrdernessMs: outOfOrdernessMs ?? scope.outOfOrdernessMs,
    by: readBy(section.get('by'), scope),
    also: also === null ? null : readField(also, scope.fields, TEXTS),
    pageView: events('pageView', 'page_view'),
    cart: events('cart', 'add_to_cart'),
    removal: events('removal', 'remove_from_cart'),
    purchase: events('purchase', 'purchase'),
    type,
    product: role('product'),
    category: role('category'),
    device: role('device'),
    location: role('location'),
    price: role('price'),
    quantity: role('quantity'),
    revenue: role('revenue'),
  };
  return { identity: sectionIdentity('sessions', meaning, scope.money), ...meaning };
}

function readMaxDuration(section: Section<SessionsKey>, gapMs: number | null): number | null {
  const value = section.get('maxDuration');
  const ms = value?.duration({ minMs: 1, maxMs: MAX_DURATION_MS, otherwise: 'must be at most 7d' }) ?? null;
  if (gapMs === null) return null;
  const leastMs = LEAST_GAPS * gapMs;
  if (value === null) return Math.max(leastMs, DEFAULT_DURATION_MS);
  if (ms === null || ms >= leastMs) return ms;
  return value.problem(
    `with a gap of ${formatDuration(gapMs)} it must be from ${formatDuration(leastMs)} to ${formatDuration(MAX_DURATION_MS)}`,
  );
}

/** Fields whose values divide the events of a key. What is the key itself divides nothing. */
function readBy(value: Value | null, { fields, key }: EventScope): readonly string[] {
  const by: string[] = [];
  for (const item of value?.list() ?? []) {
    const name = readField(item, fields, TEXTS);
    if (name === null) continue;
    if (by.includes(name)) item.problem(`${name} is given twice`);
    else by.push(name);
  }
  // Whoever has the first of these has it for a key; who has none of them is not divided.
  return by.every((name, i) => name === key[i]) ? [] : by;
}
