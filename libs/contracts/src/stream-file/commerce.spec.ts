import type { Measure } from '@tillstream/core';
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

  it('declares three metrics, of which the one grouped by the key is final in its own partition', () => {
    const summary = metrics.map(({ name, groupBy, window, outOfOrdernessMs, local, measures }) => ({
      name,
      groupBy,
      window: [window.sizeMs / 1000, window.hopMs / 1000],
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

  it('shows users who spent more than 100 dollars, which are 10000 cents', () => {
    expect(metrics[1]?.having).toEqual({
      kind: 'compare',
      operator: '>',
      left: { kind: 'field', name: 'total_spent', type: 'money' },
      right: { kind: 'literal', value: 10_000, type: 'money' },
      type: 'bool',
    });
  });

  it('names its topics and keeps results for a day', () => {
    expect(topics).toEqual({
      raw: 'commerce.raw.v1',
      enriched: 'commerce.enriched.v1',
      deadLetters: 'commerce.dead-letters.v1',
      late: 'commerce.late.v1',
      parts: 'commerce.parts.v1',
      metrics: 'commerce.metrics.v1',
      gaps: 'commerce.gaps.v1',
      definitions: 'commerce.definitions.v1',
    });
    expect(retention.metricsMs).toBe(24 * 3_600_000);
  });
});
