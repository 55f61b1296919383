import type { Measure, WindowSpec } from '@tillstream/core';
import { commerceDefinition } from '../testing';

/** `name kind`, and the type of formulas. */
const outline = (measure: Measure) =>
  `${measure.name} ${measure.kind}${measure.kind === 'derived' ? ` ${measure.type}` : ''}`;

describe('the stream file of commerce', () => {
  const { schema, metrics, topics, retention } = commerceDefinition();

  it('declares the events of a shop', () => {
    expect(schema).toMatchObject({
      stream: 'commerce',
      partitions: 4,
      key: ['user_id', 'anonymous_id', 'session_id'],
      id: 'event_id',
      dedupe: { withinMs: 600_000, maxRows: 1_048_576 },
      eventTime: { field: 'timestamp', outOfOrdernessMs: 10_000, futureToleranceMs: 300_000, idleAfterMs: 10_000 },
      money: { currency: 'USD', exponent: 2 },
    });
    expect(
      schema.fields.map(({ number, name, type, optional }) => `${number} ${name} ${type}${optional ? '?' : ''}`),
    ).toEqual([
      '1 event_id string',
      '2 event_type string',
      '3 timestamp timestamp',
      '4 user_id string?',
      '5 anonymous_id string?',
      '6 product_id string?',
      '7 product_name string?',
      '8 category string?',
      '9 price money?',
      '10 quantity int?',
      '11 session_id string?',
      '12 device_type string?',
      '13 country string?',
      '14 revenue money?',
      '15 payment_method string?',
      '16 hour_of_day int?',
    ]);
  });

  it('knows the event types and what other systems call them', () => {
    const type = schema.fields.find(({ name }) => name === 'event_type');
    expect([...(type?.values ?? [])]).toEqual([
      'page_view',
      'add_to_cart',
      'remove_from_cart',
      'purchase',
      'search',
      'wishlist',
    ]);
    expect(type?.aliases.get('view')).toBe('page_view');
    expect(type?.aliases.get('cart')).toBe('add_to_cart');
    expect(type?.aliases.get('Product Viewed')).toBe('page_view');
  });

  it('computes the revenue of a purchase that does not say it', () => {
    expect(schema.fields.find(({ name }) => name === 'revenue')?.default).toEqual({
      value: {
        kind: 'arithmetic',
        operator: '*',
        left: { kind: 'field', name: 'price', type: 'money' },
        right: { kind: 'field', name: 'quantity', type: 'int' },
        type: 'money',
      },
      where: {
        kind: 'compare',
        operator: '==',
        left: { kind: 'field', name: 'event_type', type: 'string' },
        right: { kind: 'literal', value: 'purchase', type: 'string' },
        type: 'bool',
      },
    });
  });

  it('begins with three metrics, of which the one grouped by the key is final in its own partition', () => {
    const summary = metrics.slice(0, 3).map(({ name, groupBy, window, outOfOrdernessMs, local, measures }) => ({
      name,
      groupBy,
      window: 'sizeMs' in window ? [window.sizeMs / 1000, window.hopMs / 1000] : null,
      bound: outOfOrdernessMs / 1000,
      local,
      measures: measures.map(outline),
    }));
    expect(summary).toEqual([
      {
        name: 'revenue_by_category',
        groupBy: ['category'],
        window: [60, 30],
        bound: 60,
        local: false,
        measures: ['total_revenue sum', 'purchase_count count', 'avg_order_value avg'],
      },
      {
        name: 'high_value_users',
        groupBy: ['user_id'],
        window: [300, 60],
        bound: 300,
        local: true,
        measures: ['total_spent sum', 'purchase_count count', 'products_purchased collect'],
      },
      {
        name: 'conversion_funnel',
        groupBy: [],
        window: [300, 60],
        bound: 600,
        local: false,
        measures: [
          'unique_visitors distinct',
          'cart_users distinct',
          'purchasers distinct',
          'cart_conversion_rate derived double',
          'purchase_conversion_rate derived double',
        ],
      },
    ]);
  });

  it('ranks, averages and splits what is sold, by the hour and by the day', () => {
    const window = (spec: WindowSpec) => ('sizeMs' in spec ? `${spec.sizeMs / 60_000} min` : 'sessions');
    const summary = metrics
      .slice(3, 11)
      .map(({ name, groupBy, window: spec, measures }) => [name, groupBy.join(), window(spec), measures.map(outline)]);
    expect(summary).toEqual([
      ['top_products_by_revenue', '', '60 min', ['top_products top', 'total_revenue sum']],
      ['top_products_by_views', '', '5 min', ['top_products top', 'views count']],
      ['price_by_category', 'category', '1440 min', ['avg_price_sold avg', 'avg_price_viewed avg', 'sold count']],
      ['peak_hours', 'hour_of_day', '1440 min', ['events count', 'purchases count', 'revenue sum']],
      [
        'order_values',
        '',
        '60 min',
        ['orders count', 'avg_order_value avg', 'median percentile', 'p90 percentile', 'p99 percentile', 'largest max'],
      ],
      ...['country', 'device', 'payment_method'].map((by) => [
        `revenue_by_${by}`,
        by === 'device' ? 'device_type' : by,
        '60 min',
        ['total_revenue sum', 'purchase_count count'],
      ]),
    ]);
  });

  it('alerts of possible fraud, of a conversion that collapses and of unusual revenue', () => {
    const alerts = metrics
      .slice(11)
      .map(({ name, alert }) => [name, alert?.severity, alert?.forWindows, alert?.history.map((value) => value.name)]);
    expect(alerts).toEqual([
      ['possible_fraud', 'critical', 1, []],
      [
        'conversion',
        'critical',
        2,
        ['change_percent(conversion_rate, previous)', 'change_percent(conversion_rate, 1d)'],
      ],
      ['hourly_revenue', 'warning', 1, ['robust_z(total_revenue, 1d, 7)']],
    ]);
  });

  it('gives an event the hour of its day', () => {
    const hour = schema.fields.find(({ name }) => name === 'hour_of_day')?.default?.value;
    expect(hour).toMatchObject({ kind: 'time-part', part: 'getHours', type: 'int' });
  });

  it('shows users who spent more than 100 dollars, which are 10000 cents', () => {
    expect(metrics[1]?.having).toEqual({
      kind: 'compare',
      operator: '>',
      left: { kind: 'field', name: 'total_spent', type: 'money' },
      right: { kind: 'literal', value: 10_000, type: 'money' },
      type: 'bool',
    });
  });

  it('derives visits and what led to purchases, with metrics over both', () => {
    const { sessions, attribution, derived } = commerceDefinition();
    expect(sessions).toMatchObject({
      ...{ gapMs: 1_800_000, maxDurationMs: 86_400_000, outOfOrdernessMs: 10_000, by: [], also: 'session_id' },
      ...{
        type: 'event_type',
        product: 'product_id',
        category: 'category',
        device: 'device_type',
        location: 'country',
      },
      ...{ price: 'price', quantity: 'quantity', revenue: 'revenue' },
    });
    for (const condition of [sessions?.pageView, sessions?.cart, sessions?.removal, sessions?.purchase]) {
      expect(condition).toMatchObject({ left: { name: 'event_type' } });
    }
    expect(attribution).toMatchObject({
      on: ['product_id'],
      withinMs: 1_800_000,
      outOfOrdernessMs: 600_000,
      maxMatches: 100,
    });
    const namesOf = derived?.map(({ of, definition }) => [of, definition.metrics.map(({ name }) => name)]);
    expect(namesOf).toEqual([
      ['sessions', ['visits', 'conversion_by_entry_category', 'abandoned_carts']],
      ['attributions', ['time_to_purchase', 'conversion_by_product', 'conversion_by_category', 'assisted_revenue']],
    ]);
  });

  it('names its topics and keeps results for as long as they are compared', () => {
    expect(topics).toMatchObject({
      raw: 'commerce.raw.v1',
      enriched: 'commerce.enriched.v1',
      deadLetters: 'commerce.dead-letters.v1',
      late: 'commerce.late.v1',
      parts: 'commerce.parts.v1',
      metrics: 'commerce.metrics.v1',
      alerts: 'commerce.alerts.v1',
      gaps: 'commerce.gaps.v1',
      definitions: 'commerce.definitions.v1',
    });
    expect(retention.metricsMs).toBe(8 * 24 * 3_600_000);
    expect(retention.enrichedMs).toBe(3 * 24 * 3_600_000);
  });
});
