#!/usr/bin/env node
/**
 * What the metrics of deploy/streams/commerce.yaml must be for REES46 files (.csv) and for files of shop events, one a line
 * (.ndjson), worked out by a plain script of its own. It shares no code with the platform.
 *
 *   node tools/oracle/commerce-oracle.mjs FILE…                     every window as NDJSON, sorted
 *   node tools/oracle/commerce-oracle.mjs FILE… --check HOST:PORT   compares with what query-api answers
 *
 * Options of --check: --stream NAME (commerce), --key TEXT (bearer token), --allow-open (windows need not be final).
 */
import { basename } from 'node:path';
import { linesOf, runOracle } from './plain-answers.mjs';
import * as plain from './plain-metrics.mjs';
import { DAY, HOUR, MINUTE, SECOND } from './plain-metrics.mjs';

const COLLECTED = 100;
const TOP = 10;

const of = (type) => (row) => row.type === type;
const isPurchase = of('purchase');
const price = (row) => row.price;
const revenue = (row) => row.revenue;

const revenueBy = (name, group) => ({
  name,
  size: HOUR,
  where: isPurchase,
  groupBy: group,
  measures: { total_revenue: plain.sumOfMoney(revenue), purchase_count: plain.count() },
});

const METRICS = [
  {
    name: 'revenue_by_category',
    size: MINUTE,
    hop: 30 * SECOND,
    where: isPurchase,
    groupBy: { category: (row) => row.category },
    measures: {
      total_revenue: plain.sumOfMoney(revenue),
      purchase_count: plain.count(),
      avg_order_value: plain.averageOfMoney(revenue),
    },
  },
  {
    name: 'high_value_users',
    size: 5 * MINUTE,
    hop: MINUTE,
    where: isPurchase,
    groupBy: { user_id: (row) => row.user },
    measures: {
      total_spent: plain.sumOfMoney(revenue),
      purchase_count: plain.count(),
      products_purchased: plain.collected((row) => row.productName, COLLECTED),
    },
    having: (rows) => rows.reduce((sum, row) => sum + row.revenue, 0) > 10_000,
  },
  {
    name: 'conversion_funnel',
    size: 5 * MINUTE,
    hop: MINUTE,
    measures: {
      unique_visitors: plain.distinct((row) => row.user, of('page_view')),
      cart_users: plain.distinct((row) => row.user, of('add_to_cart')),
      purchasers: plain.distinct((row) => row.user, isPurchase),
      cart_conversion_rate: plain.percentOf('cart_users', 'unique_visitors'),
      purchase_conversion_rate: plain.percentOf('purchasers', 'cart_users'),
    },
  },
  {
    name: 'top_products_by_revenue',
    size: HOUR,
    where: isPurchase,
    measures: {
      top_products: plain.topOf(TOP, (row) => row.product, revenue, plain.money),
      total_revenue: plain.sumOfMoney(revenue),
    },
  },
  {
    name: 'top_products_by_views',
    size: 5 * MINUTE,
    where: of('page_view'),
    measures: {
      top_products: plain.topOf(
        TOP,
        (row) => row.product,
        () => 1,
      ),
      views: plain.count(),
    },
  },
  {
    name: 'price_by_category',
    size: DAY,
    where: (row) => row.price !== null,
    groupBy: { category: (row) => row.category },
    measures: {
      avg_price_sold: plain.averageOfMoney(price, isPurchase),
      avg_price_viewed: plain.averageOfMoney(price, of('page_view')),
      sold: plain.count(isPurchase),
    },
  },
  {
    name: 'peak_hours',
    size: DAY,
    groupBy: { hour_of_day: (row) => new Date(row.timeMs).getUTCHours() },
    measures: {
      events: plain.count(),
      purchases: plain.count(isPurchase),
      revenue: plain.sumOfMoney(revenue, isPurchase),
    },
  },
  {
    name: 'order_values',
    size: HOUR,
    where: isPurchase,
    measures: {
      orders: plain.count(),
      avg_order_value: plain.averageOfMoney(revenue),
      median: plain.percentileOfMoney(revenue, 50),
      p90: plain.percentileOfMoney(revenue, 90),
      p99: plain.percentileOfMoney(revenue, 99),
      largest: plain.largestAmount(revenue),
    },
    near: ['median', 'p90', 'p99'],
  },
  revenueBy('revenue_by_country', { country: (row) => row.country }),
  revenueBy('revenue_by_device', { device_type: (row) => row.device }),
  revenueBy('revenue_by_payment_method', { payment_method: (row) => row.payment }),
  {
    name: 'possible_fraud',
    size: MINUTE,
    where: isPurchase,
    groupBy: { user_id: (row) => row.user },
    measures: { purchases: plain.count(), spent: plain.sumOfMoney(revenue) },
    having: (rows) => rows.length > 5 || rows.reduce((sum, row) => sum + row.revenue, 0) > 100_000,
  },
  {
    name: 'conversion',
    size: 15 * MINUTE,
    hop: 5 * MINUTE,
    measures: {
      visitors: plain.distinct((row) => row.user, of('page_view')),
      buyers: plain.distinct((row) => row.user, isPurchase),
      conversion_rate: plain.percentOf('buyers', 'visitors'),
    },
  },
  {
    name: 'hourly_revenue',
    size: HOUR,
    hop: 15 * MINUTE,
    where: isPurchase,
    measures: { total_revenue: plain.sumOfMoney(revenue), purchase_count: plain.count() },
  },
];

await runOracle({ name: 'commerce-oracle.mjs', stream: 'commerce', metrics: METRICS, readFile });

async function* readFile(file) {
  let header = null;
  for await (const line of linesOf(file)) {
    if (/\.ndjson(\.|$)/.test(basename(file))) yield fromShop(JSON.parse(line));
    else if (line.includes('"')) throw new Error(`${basename(file)}: quoted columns are beyond this script`);
    else if (header === null) header = line.split(',');
    else yield fromRees46(Object.fromEntries(line.split(',').map((value, i) => [header[i], value])));
  }
}

function fromRees46(row) {
  const timeMs = timeOf(row.event_time.replace(' UTC', 'Z').replace(' ', 'T'));
  const type = { view: 'page_view', cart: 'add_to_cart', purchase: 'purchase' }[row.event_type];
  const units = plain.unitsOf(row.price);
  return {
    timeMs,
    type,
    user: row.user_id,
    product: row.product_id,
    productName: row.brand === '' ? row.product_id : `${row.brand} ${row.product_id}`,
    category: row.category_code === '' ? 'unknown' : row.category_code,
    price: units,
    revenue: type === 'purchase' ? units : null,
    country: null,
    device: null,
    payment: null,
  };
}

function fromShop(event) {
  const amount = (value) => (value === undefined ? null : plain.unitsOf(String(value)));
  const units = amount(event.price);
  const computed = event.event_type === 'purchase' && units !== null ? units * event.quantity : null;
  return {
    timeMs: timeOf(event.timestamp),
    type: event.event_type,
    user: event.user_id,
    product: event.product_id ?? null,
    productName: event.product_name ?? null,
    category: event.category ?? null,
    price: units,
    revenue: amount(event.revenue) ?? computed,
    country: event.country ?? null,
    device: event.device_type ?? null,
    payment: event.payment_method ?? null,
  };
}

function timeOf(text) {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Error(`not a time: ${text}`);
  return time;
}
