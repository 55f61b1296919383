import { rolesOf } from '../topics/topic-names';
import { definitionFrom } from '../testing';
import { streamsOf } from './stream-definition';
import type { StreamDefinition } from './stream-definition';

const SHOP = `stream: shop
partitions: 2
key: [user_id, anonymous_id, session_id]
eventTime: {field: timestamp, outOfOrderness: 10s}
money: {currency: USD}
fields:
  timestamp: {type: timestamp}
  event_type: {type: string, values: [page_view, add_to_cart, purchase]}
  user_id: {type: string, optional: true}
  anonymous_id: {type: string, optional: true}
  session_id: {type: string, optional: true}
  product_id: {type: string, optional: true}
  category: {type: string, optional: true}
  kind: {type: string, optional: true}
  price: {type: money, optional: true}
  revenue: {type: double, optional: true}
  device_type: {type: string, optional: true}
`;
const METRIC = `metrics:
  visits:
    from: sessions
    window: {size: 1h}
    measures: {users: distinct(user), sessions: count()}
`;

const withSections = (sections: string, shop = SHOP): StreamDefinition => definitionFrom(`${shop}${sections}`);
const isType = (value: string, field = 'event_type') => ({
  kind: 'compare',
  operator: '==',
  left: { kind: 'field', name: field, type: 'string' },
  right: { kind: 'literal', value, type: 'string' },
  type: 'bool',
});

describe('sessions', () => {
  it('of a stream whose fields have the usual names need nothing but a gap', () => {
    const { sessions } = withSections('sessions: {gap: 30m}\n');
    expect(sessions).toEqual({
      identity: expect.stringMatching(/^sessions@[0-9a-f]{8}$/) as string,
      gapMs: 1_800_000,
      maxDurationMs: 86_400_000,
      outOfOrdernessMs: 10_000,
      by: [],
      also: null,
      pageView: isType('page_view'),
      cart: isType('add_to_cart'),
      // Not among the values, not of the right type, not there.
      removal: null,
      purchase: isType('purchase'),
      type: 'event_type',
      product: 'product_id',
      category: 'category',
      device: 'device_type',
      location: null,
      price: 'price',
      quantity: null,
      revenue: null,
    });
  });

  it('may say all of it', () => {
    const { sessions } = withSections(`sessions:
  gap: 1h
  maxDuration: 2d
  outOfOrderness: 0s
  by: [session_id]
  also: session_id
  pageView: kind == 'look'
  purchase: price > 1.50
  type: kind
  product: category
`);
    expect(sessions).toMatchObject({
      ...{ gapMs: 3_600_000, maxDurationMs: 172_800_000, outOfOrdernessMs: 0 },
      ...{ by: ['session_id'], also: 'session_id', type: 'kind', product: 'category' },
      pageView: isType('look', 'kind'),
      cart: isType('add_to_cart', 'kind'),
    });
  });

  it.each([
    ['the key', '[user_id]', []],
    ['the key, whatever it is', '[user_id, anonymous_id, session_id]', []],
    ['the client’s session', '[session_id]', ['session_id']],
    ['one of the key’s fields for who has another key', '[anonymous_id]', ['anonymous_id']],
    ['several', '[user_id, session_id]', ['user_id', 'session_id']],
  ])('are divided by %s', (_, by, expected) => {
    expect(withSections(`sessions: {gap: 30m, by: ${by}}\n`).sessions?.by).toEqual(expected);
  });

  it('last at least four gaps, said or not', () => {
    expect(withSections('sessions: {gap: 1d}\n').sessions?.maxDurationMs).toBe(4 * 86_400_000);
  });

  it.each([
    ['the gap', 'gap: 31m'],
    ['the longest duration', 'gap: 30m, maxDuration: 12h'],
    ['how long they wait', 'gap: 30m, outOfOrderness: 1m'],
    ['whose they are', 'gap: 30m, by: [session_id]'],
    ['what is a page view', "gap: 30m, pageView: event_type != 'purchase'"],
    ['a field that is told', 'gap: 30m, product: category'],
  ])('are others, in another stream file, with another of %s', (_, sections) => {
    const [one, other] = ['gap: 30m', sections].map((text) => withSections(`sessions: {${text}}\n`));
    expect(other?.sessions?.identity).not.toBe(one?.sessions?.identity);
    expect(other?.sha256).not.toBe(one?.sha256);
  });

  it('are the same where a default is written out', () => {
    const [one, other] = ['', ", purchase: event_type == 'purchase', by: [user_id], maxDuration: 1d, price: price"].map(
      (text) => withSections(`sessions: {gap: 30m${text}}\n`),
    );
    expect(other?.sessions).toEqual(one?.sessions);
    expect(other?.sha256).toBe(one?.sha256);
  });
});

describe('attribution', () => {
  it('of a stream whose fields have the usual names needs nothing but how long it looks back', () => {
    const { attribution } = withSections('attribution: {within: 30m}\n');
    expect(attribution).toEqual({
      identity: expect.stringMatching(/^attribution@[0-9a-f]{8}$/) as string,
      from: isType('page_view'),
      to: isType('purchase'),
      on: ['product_id'],
      withinMs: 1_800_000,
      outOfOrdernessMs: 10_000,
      maxMatches: 100,
      category: 'category',
      device: 'device_type',
      revenue: null,
    });
  });

  it('may agree in fields that it tells of anyway', () => {
    const { derived } = withSections('attribution: {within: 30m, on: [product_id, category]}\n');
    const names = derived?.[0]?.definition.schema.fields.map(({ name }) => name) ?? [];
    expect(names.filter((name) => name === 'category')).toHaveLength(1);
    expect(names.at(-1)).toBe('product_id');
  });

  it.each(['within: 31m', 'within: 30m, maxMatches: 5', 'within: 30m, on: [category]', 'within: 30m, device: kind'])(
    'is another, in another stream file, with %s',
    (text) => {
      const [one, other] = ['within: 30m', text].map((within) => withSections(`attribution: {${within}}\n`));
      expect(other?.attribution?.identity).not.toBe(one?.attribution?.identity);
      expect(other?.sha256).not.toBe(one?.sha256);
    },
  );
});

describe('a stream file', () => {
  it('derives a stream for each of the sections it has, and else none', () => {
    const derivedOf = (sections: string) => withSections(sections).derived?.map(({ of }) => of);
    expect(derivedOf('')).toBeUndefined();
    expect(derivedOf('sessions: {gap: 30m}\n')).toEqual(['sessions']);
    expect(derivedOf('attribution: {within: 30m}\nsessions: {gap: 30m}\n')).toEqual(['sessions', 'attributions']);
    for (const { derived } of streamsOf(withSections('sessions: {gap: 30m}\n')).slice(1))
      expect(derived).toBeUndefined();
  });

  it('has the topics of what it declares under its hash, and of nothing else', () => {
    const renamed = (sections: string) => withSections(`topics: {sessionRows: visits}\n${sections}`).sha256;
    expect(renamed('')).toBe(withSections('').sha256);
    const sessions = 'sessions: {gap: 30m}\n';
    expect(renamed(sessions)).not.toBe(withSections(sessions).sha256);
    expect(rolesOf(withSections(sessions))).toContain('sessionRows');
  });

  it('keeps rows for as many days as are needed to begin again', () => {
    const keptDays = (sections: string) => withSections(sections).retention.enrichedMs / 86_400_000;
    expect(keptDays('')).toBe(2);
    expect(keptDays('sessions: {gap: 10m, maxDuration: 12h}\n')).toBe(2);
    expect(keptDays('sessions: {gap: 30m}\n')).toBe(3);
    expect(keptDays('sessions: {gap: 30m, maxDuration: 7d}\n')).toBe(15);
    expect(keptDays('attribution: {within: 5d, outOfOrderness: 1d}\n')).toBe(7);
    expect(keptDays('retention: {enriched: 52h}\nsessions: {gap: 30m}\n')).toBeCloseTo(52 / 24);
  });
});

describe('a metric over sessions', () => {
  const sessions = 'sessions: {gap: 30m}\n';
  const metricsOf = (definition: StreamDefinition) =>
    definition.derived?.flatMap((stream) => stream.definition.metrics);

  it('is one of the stream of sessions, and not of events', () => {
    const definition = withSections(`${sessions}${METRIC}`);
    expect(definition.metrics).toEqual([]);
    expect(metricsOf(definition)).toMatchObject([{ name: 'visits', local: false, outOfOrdernessMs: 0 }]);
  });

  it('is local when it is grouped by the user', () => {
    const byUser = METRIC.replace('window:', 'groupBy: [entry_category, user]\n    window:');
    expect(metricsOf(withSections(`${sessions}${byUser}`))).toMatchObject([{ local: true }]);
  });

  it('is another one when sessions are, and is part of what the file means', () => {
    const [one, same, other] = [sessions, 'sessions: {gap: 1800s}\n', 'sessions: {gap: 20m}\n'].map((section) =>
      withSections(`${section}${METRIC}`),
    );
    const identityOf = (definition?: StreamDefinition) => definition && metricsOf(definition)?.[0]?.identity;
    expect(identityOf(same)).toBe(identityOf(one));
    expect(identityOf(other)).not.toBe(identityOf(one));
    expect(one?.sha256).not.toBe(withSections(sessions).sha256);
  });

  it('knows the fields of sessions with their types', () => {
    const metrics = `metrics:
  engaged:
    from: sessions
    where: duration_ms > 60000 && !bounced && entry_category != null && revenue >= 10.00
    groupBy: [entry_category, hour_of_day]
    window: {size: 1d}
    measures: {revenue_per_session: avg(revenue), longest: max(duration_ms), newest: max(ended), paths: 'top(5, path by count())'}
`;
    expect(metricsOf(withSections(`${sessions}${metrics}`))).toHaveLength(1);
  });

  it('may be of attributions, with the fields that these agree in', () => {
    const metrics = `metrics:
  time_to_purchase:
    from: attributions
    where: last_touch
    groupBy: [product_id]
    window: {size: 1d}
    measures: {median: median(time_to_purchase_ms), p95: 'percentile(time_to_purchase_ms, 95)', assisted: sum(assisted_revenue)}
`;
    const [derived] = withSections(`attribution: {within: 30m}\n${metrics}`).derived ?? [];
    expect(derived).toMatchObject({ of: 'attributions', definition: { metrics: [{ name: 'time_to_purchase' }] } });
  });
});
