import type { AttributionDefinition, SessionsDefinition } from '@tillstream/core';
import { topicSpecs } from '../topics/topic-specs';
import { smallDefinition } from '../testing';
import { derivedStreams } from './derived-streams';

const NO_METRICS = { sessions: [], attributions: [] };
// What they say of events does not matter here.
const sessions = { identity: 'sessions@00000000' } as SessionsDefinition;
const attribution = {
  identity: 'attribution@00000000',
  on: ['kind', 'category'],
} as Partial<AttributionDefinition> as AttributionDefinition;

describe('the streams that are computed from a stream', () => {
  it('are one for each section it declares', () => {
    const small = smallDefinition();
    const derivedOf = (declared: object) => derivedStreams({ ...small, ...declared }, NO_METRICS).map(({ of }) => of);
    expect(derivedOf({})).toEqual([]);
    expect(derivedOf({ sessions })).toEqual(['sessions']);
    expect(derivedOf({ attribution })).toEqual(['attributions']);
    expect(derivedOf({ sessions, attribution })).toEqual(['sessions', 'attributions']);
  });

  it('have rows and shares of their own, and tell results and late rows where their parent does', () => {
    const small = smallDefinition();
    const [ofSessions, ofAttributions] = derivedStreams({ ...small, sessions, attribution }, NO_METRICS);
    expect(ofSessions?.definition.topics).toMatchObject({
      enriched: 'small.sessions-rows.v1',
      parts: 'small.sessions-parts.v1',
      metrics: 'small.metrics.v1',
      late: 'small.late.v1',
      raw: 'small.raw.v1',
    });
    expect(ofAttributions?.definition.topics).toMatchObject({
      enriched: 'small.attributions-rows.v1',
      parts: 'small.attributions-parts.v1',
    });
    expect(ofSessions?.definition.sha256).toBe(small.sha256);
  });

  it('have the user for a key, and wait for nothing', () => {
    const [ofSessions] = derivedStreams({ ...smallDefinition(), sessions }, NO_METRICS);
    const { stream, key, id, partitions, eventTime } = ofSessions?.definition.schema ?? {};
    expect({ stream, key, id, partitions, eventTime }).toMatchObject({
      stream: 'small.sessions',
      key: ['user'],
      id: null,
      partitions: 2,
      eventTime: { field: 'ended', outOfOrdernessMs: 0 },
    });
  });

  it('number their fields for ever', () => {
    const [ofSessions, ofAttributions] = derivedStreams({ ...smallDefinition(), sessions, attribution }, NO_METRICS);
    const fieldsOf = (definition: typeof ofSessions) =>
      definition?.definition.schema.fields.map(({ number, name, type }) => `${number} ${name} ${type}`).join(', ');
    expect(fieldsOf(ofSessions)).toBe(
      '1 session_id string, 2 user string, 3 part string, 4 started timestamp, 5 ended timestamp, 6 duration_ms int, ' +
        '7 events int, 8 page_views int, 9 carts int, 10 purchases int, 11 products int, 12 revenue money, 13 converted bool, ' +
        '14 bounced bool, 15 entry_product string, 16 entry_category string, 17 exit_product string, ' +
        '18 exit_category string, 19 device string, 20 location string, 21 path string, 22 client_session string, ' +
        '23 client_sessions int, 24 cart_value money, 25 cart_products int, 26 abandoned bool, 27 cut bool, ' +
        '28 truncated bool, 29 hour_of_day int',
    );
    // `category` of `on` is the category that every row has.
    expect(fieldsOf(ofAttributions)).toBe(
      '1 purchase_id string, 2 view_id string, 3 user string, 4 category string, 5 device string, 6 purchased timestamp, ' +
        '7 viewed timestamp, 8 time_to_purchase_ms int, 9 revenue money, 10 assisted_revenue money, 11 share double, ' +
        '12 touch int, 13 last_touch bool, 14 direct bool, 15 first_of_purchase bool, 16 views int, 17 truncated bool, ' +
        '18 kind string',
    );
  });

  it('have topics only where they are declared', () => {
    const rolesWith = (declared: object) =>
      topicSpecs({ ...smallDefinition(), ...declared }, 1).map(({ role }) => role);
    const plain = rolesWith({});
    expect(plain).not.toContain('sessions');
    expect(rolesWith({ sessions })).toEqual([...plain, 'sessions', 'sessionRows', 'sessionParts']);
    expect(rolesWith({ attribution })).toEqual([...plain, 'attributions', 'attributionRows', 'attributionParts']);
  });

  it('keep rows as events in columns are kept, and what is told as results are', () => {
    const specs = topicSpecs({ ...smallDefinition(), sessions, attribution }, 3);
    const configsOf = (role: string) => specs.find((spec) => spec.role === role)?.configs;
    for (const role of ['sessionRows', 'attributionRows']) {
      const { 'max.message.bytes': rowsBytes, ...rows } = configsOf(role) ?? {};
      const { 'max.message.bytes': batchBytes, ...batches } = configsOf('enriched') ?? {};
      expect(rows).toEqual(batches);
      // One record may end the sessions of many.
      expect(Number(rowsBytes)).toBeGreaterThan(Number(batchBytes));
    }
    for (const role of ['sessionParts', 'attributionParts']) expect(configsOf(role)).toEqual(configsOf('parts'));
    for (const role of ['sessions', 'attributions']) {
      expect(configsOf(role)).toMatchObject({ 'cleanup.policy': 'compact,delete', 'retention.ms': '691200000' });
    }
  });
});
