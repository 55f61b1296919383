import { ATTRIBUTION_NAMES } from '@tillstream/core';
import type { AttributionDefinition } from '@tillstream/core';
import type { Section, Value } from './document';
import { TEXTS, isOneOf, readEvents, readField, readRole } from './event-roles';
import type { EventScope } from './event-roles';
import { sectionIdentity } from './identity';

const KEYS = [
  ...(['from', 'to', 'on', 'within', 'outOfOrderness', 'maxMatches'] as const),
  ...(['category', 'device', 'revenue'] as const),
] as const;
type AttributionKey = (typeof KEYS)[number];

const MAX_WITHIN_MS = 7 * 86_400_000;
const DEFAULT_MAX_MATCHES = 100;
const MAX_MATCHES = 1_000;
const MAX_ON = 8;
const USUAL_TYPE = 'event_type';
const USUAL_ON = 'product_id';

/** Reads `attribution:`; null after its problems have been reported. */
export function readAttribution(value: Value, scope: EventScope): AttributionDefinition | null {
  const section = value.section(KEYS);
  if (section === null) return null;
  const type = scope.fields.get(USUAL_TYPE)?.type === 'string' ? USUAL_TYPE : null;
  const [fromValue, toValue] = [section.get('from'), section.get('to')];
  const from = readEvents(fromValue, 'page_view', type, scope);
  if (fromValue === null && from === null) section.require('from');
  const to = readEvents(toValue, 'purchase', type, scope);
  if (toValue === null && to === null) section.require('to');
  const category = readRole(section, 'category', scope);
  const device = readRole(section, 'device', scope);
  const revenue = readRole(section, 'revenue', scope);
  const on = readOn(section, scope, { category, device });
  const withinMs = section
    .require('within')
    ?.duration({ minMs: 1, maxMs: MAX_WITHIN_MS, otherwise: 'must be more than 0 and at most 7d' });
  const outOfOrdernessMs = section
    .get('outOfOrderness')
    ?.duration({ minMs: 0, maxMs: MAX_WITHIN_MS, otherwise: 'must be at most 7d' });
  const maxMatches = section.get('maxMatches')?.integer(1, MAX_MATCHES);
  if (from === null || to === null) return null;
  const meaning = {
    from,
    to,
    on,
    withinMs: withinMs ?? 0,
    outOfOrdernessMs: outOfOrdernessMs ?? scope.outOfOrdernessMs,
    maxMatches: maxMatches ?? DEFAULT_MAX_MATCHES,
    category,
    device,
    revenue,
  };
  return { identity: sectionIdentity('attribution', meaning, scope.money), ...meaning };
}

/** The fields that a view and its purchase agree in: fields of what is told, too, under their own names. */
function readOn(
  section: Section<AttributionKey>,
  { fields }: EventScope,
  told: Readonly<Partial<Record<string, string | null>>>,
): readonly string[] {
  const value = section.get('on');
  if (value === null) {
    if (isOneOf(fields.get(USUAL_ON), TEXTS)) return [USUAL_ON];
    section.require('on');
    return [];
  }
  const items = value.list() ?? [];
  if (value.isList && items.length === 0) value.problem('names at least one field');
  if (items.length > MAX_ON) value.problem(`names at most ${MAX_ON} fields`);
  const on: string[] = [];
  for (const item of items) {
    const name = readField(item, fields, TEXTS);
    if (name === null) continue;
    if (on.includes(name)) item.problem(`${name} is given twice`);
    else if (ATTRIBUTION_NAMES.has(name) && told[name] !== name) {
      item.problem(`${name} of an attribution is something else: give the field another name, and path: ${name}`);
    } else on.push(name);
  }
  return on;
}
