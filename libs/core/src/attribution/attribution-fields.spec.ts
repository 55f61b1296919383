import type { AttributedPurchase } from './attribution';
import { attributionFields, attributionRows } from './attribution-fields';

const PURCHASE: AttributedPurchase = {
  offset: 90,
  index: 2,
  user: 'u1',
  timeMs: 100_000,
  on: ['p1', 'shoes'],
  category: 'shoes',
  device: null,
  revenue: 1001,
  views: [
    { offset: 80, index: 0, timeMs: 99_000, share: 0.5, revenue: 501 },
    { offset: 70, index: 5, timeMs: 40_000, share: 0.5, revenue: 500 },
  ],
  truncated: false,
  decidedBy: 95,
};

function rowsOf(change: Partial<AttributedPurchase> = {}): readonly Readonly<Record<string, unknown>>[] {
  const fields = attributionFields(['product_id', 'category']);
  return attributionRows({ ...PURCHASE, ...change }, 3).map((row) =>
    Object.fromEntries(fields.map(({ name, value }) => [name, value(row)])),
  );
}

describe('rows of a purchase', () => {
  it('are one for each view, the newest first, with the fields that both agree in', () => {
    const common = {
      purchase_id: '3|90|2',
      user: 'u1',
      product_id: 'p1',
      category: 'shoes',
      device: null,
      purchased: 100_000,
      revenue: 1001,
      share: 0.5,
      direct: false,
      views: 2,
      truncated: false,
    };
    expect(rowsOf()).toEqual([
      {
        ...common,
        view_id: '3|80|0',
        viewed: 99_000,
        time_to_purchase_ms: 1_000,
        assisted_revenue: 501,
        touch: 1,
        last_touch: true,
        first_of_purchase: true,
      },
      {
        ...common,
        view_id: '3|70|5',
        viewed: 40_000,
        time_to_purchase_ms: 60_000,
        assisted_revenue: 500,
        touch: 2,
        last_touch: false,
        first_of_purchase: false,
      },
    ]);
  });

  it('are a single one where no view led to it', () => {
    expect(rowsOf({ views: [] })).toEqual([
      {
        purchase_id: '3|90|2',
        view_id: null,
        user: 'u1',
        product_id: 'p1',
        category: 'shoes',
        device: null,
        purchased: 100_000,
        viewed: null,
        time_to_purchase_ms: null,
        revenue: 1001,
        assisted_revenue: null,
        share: null,
        touch: null,
        last_touch: false,
        direct: true,
        first_of_purchase: true,
        views: 0,
        truncated: false,
      },
    ]);
  });
});
