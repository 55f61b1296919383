import type { PlainDefinition, PlainRow } from './raw/plain-definition';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const eventTypes = ['page_view', 'add_to_cart', 'remove_from_cart', 'purchase', 'search', 'wishlist'];

/** What other systems call them. */
const aliases = {
  view: 'page_view',
  cart: 'add_to_cart',
  'Product Viewed': 'page_view',
  'Product Added': 'add_to_cart',
  'Product Removed': 'remove_from_cart',
  'Order Completed': 'purchase',
  'Products Searched': 'search',
  'Product Added to Wishlist': 'wishlist',
};

const isPurchase = (row: PlainRow): boolean => row['event_type'] === 'purchase';
const has = (type: string) => (row: PlainRow) => row['event_type'] === type;

/** The commerce stream and its three metrics, written down a second time. */
export const plainCommerce: PlainDefinition = {
  partitions: 4,
  key: ['user_id', 'anonymous_id', 'session_id'],
  id: 'event_id',
  dedupe: { withinMs: 10 * MINUTE, maxRows: 1_048_576 },
  eventTime: 'timestamp',
  futureToleranceMs: 5 * MINUTE,
  minorDigits: 2,
  fields: {
    event_id: { type: 'string' },
    event_type: { type: 'string', values: eventTypes, aliases },
    timestamp: { type: 'timestamp' },
    user_id: { type: 'string', optional: true },
    anonymous_id: { type: 'string', optional: true },
    session_id: { type: 'string', optional: true },
    product_id: { type: 'string', optional: true },
    product_name: { type: 'string', optional: true },
    category: { type: 'string', optional: true },
    price: { type: 'money', optional: true },
    quantity: { type: 'int', optional: true },
    device_type: { type: 'string', optional: true },
    country: { type: 'string', optional: true },
    revenue: {
      type: 'money',
      optional: true,
      otherwise: (row) => {
        const { price, quantity } = row;
        if (!isPurchase(row) || typeof price !== 'bigint' || typeof quantity !== 'number') return null;
        return price * BigInt(quantity);
      },
    },
    payment_method: { type: 'string', optional: true },
    hour_of_day: { type: 'int', otherwise: ({ timestamp }) => new Date(Number(timestamp)).getUTCHours() },
  },
  metrics: {
    revenue_by_category: {
      where: isPurchase,
      groupBy: ['category'],
      sizeMs: MINUTE,
      hopMs: 30 * SECOND,
      outOfOrdernessMs: MINUTE,
      measures: {
        total_revenue: { sum: 'revenue' },
        purchase_count: { count: true },
        avg_order_value: { avg: 'revenue' },
      },
    },
    high_value_users: {
      where: isPurchase,
      groupBy: ['user_id'],
      sizeMs: 5 * MINUTE,
      hopMs: MINUTE,
      outOfOrdernessMs: 5 * MINUTE,
      measures: {
        total_spent: { sum: 'revenue' },
        purchase_count: { count: true },
        products_purchased: { collect: 'product_name', limit: 100 },
      },
      having: ({ total_spent }) => typeof total_spent === 'bigint' && total_spent > 100_00n,
    },
    conversion_funnel: {
      groupBy: [],
      sizeMs: 5 * MINUTE,
      hopMs: MINUTE,
      outOfOrdernessMs: 10 * MINUTE,
      measures: {
        unique_visitors: { distinct: 'user_id', where: has('page_view') },
        cart_users: { distinct: 'user_id', where: has('add_to_cart') },
        purchasers: { distinct: 'user_id', where: has('purchase') },
        cart_conversion_rate: { derived: (m) => rate(m['cart_users'], m['unique_visitors']) },
        purchase_conversion_rate: { derived: (m) => rate(m['purchasers'], m['cart_users']) },
      },
    },
  },
};

function rate(part: unknown, whole: unknown): number | null {
  return typeof part === 'number' && typeof whole === 'number' && whole !== 0 ? (100 * part) / whole : null;
}
