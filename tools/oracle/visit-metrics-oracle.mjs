#!/usr/bin/env node
/**
 * What the metrics of deploy/streams/commerce.yaml over sessions and attributions must be for a file of REES46 (.csv) or of shop
 * events, one a line (.ndjson): computed from what `visits-oracle.mjs` finds in it. It shares no code with the platform.
 *
 *   node tools/oracle/visit-metrics-oracle.mjs FILE                     every window as NDJSON, sorted
 *   node tools/oracle/visit-metrics-oracle.mjs FILE --check HOST:PORT   compares with what query-api answers
 *
 * Options of --check are those of `commerce-oracle.mjs`.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runOracle } from './plain-answers.mjs';
import * as plain from './plain-metrics.mjs';
import { DAY, HOUR, MINUTE, unitsOf } from './plain-metrics.mjs';

const VISITS = fileURLToPath(new URL('visits-oracle.mjs', import.meta.url));

const isSession = (row) => row.kind === 'session';
const isPair = (row) => row.kind === 'pair';
const isDirect = (row) => row.view === null;
const isAfterView = (row) => row.view !== null;
const isLastTouch = (row) => isAfterView(row) && row.view.last_touch;
const isConverted = (row) => row.purchases > 0;
const isBounced = (row) => row.events === 1;
const isAbandoned = (row) => isSession(row) && row.cart.length > 0 && row.purchases === 0;
const revenue = (row) => row.revenue;
const viewRevenue = (row) => row.viewRevenue;
const timeToPurchase = (row) => row.view.time_to_purchase_ms;

const visitsWithRates = {
  converted_sessions: plain.count(isConverted),
  conversion_rate: plain.percentOf('converted_sessions', 'sessions'),
};
const purchasesWithRates = {
  purchases: plain.count(),
  after_view: plain.count(isAfterView),
  directly: plain.count(isDirect),
  after_view_rate: plain.percentOf('after_view', 'purchases'),
};

const METRICS = [
  {
    name: 'visits',
    size: HOUR,
    hop: 5 * MINUTE,
    where: isSession,
    measures: {
      active_users: plain.distinct((row) => row.user),
      sessions: plain.count(),
      avg_duration_ms: plain.average((row) => row.timeMs - Date.parse(row.start)),
      pages: plain.sum((row) => row.page_views),
      pages_per_session: (_rows, { pages, sessions }) => plain.ratio(pages, sessions),
      bounced_sessions: plain.count(isBounced),
      bounce_rate: plain.percentOf('bounced_sessions', 'sessions'),
      ...visitsWithRates,
      revenue: plain.sumOfMoney(revenue),
    },
  },
  {
    name: 'conversion_by_entry_category',
    size: DAY,
    hop: HOUR,
    where: isSession,
    groupBy: { entry_category: (row) => row.entry.category },
    measures: { sessions: plain.count(), ...visitsWithRates, revenue: plain.sumOfMoney(revenue) },
  },
  {
    name: 'abandoned_carts',
    size: HOUR,
    where: isAbandoned,
    measures: {
      carts: plain.count(),
      lost_value: plain.sumOfMoney((row) => row.cartValue),
      avg_cart_value: plain.averageOfMoney((row) => row.cartValue),
      products_per_cart: plain.average((row) => row.cart.length),
    },
  },
  {
    name: 'time_to_purchase',
    size: DAY,
    hop: HOUR,
    where: (row) => isPair(row) && isLastTouch(row),
    near: ['median_ms', 'p95_ms'],
    measures: {
      purchases: plain.count(),
      median_ms: plain.percentile(timeToPurchase, 50),
      p95_ms: plain.percentile(timeToPurchase, 95),
    },
  },
  {
    name: 'conversion_by_product',
    size: DAY,
    where: (row) => isPair(row) && row.isFirst,
    groupBy: { product_id: (row) => row.on.product_id },
    measures: {
      ...purchasesWithRates,
      views_per_purchase: plain.average((row) => row.views),
      revenue: plain.sumOfMoney(revenue),
    },
  },
  {
    name: 'conversion_by_category',
    size: DAY,
    hop: HOUR,
    where: (row) => isPair(row) && row.isFirst,
    groupBy: { category: (row) => row.category },
    measures: { ...purchasesWithRates, revenue: plain.sumOfMoney(revenue) },
  },
  {
    name: 'assisted_revenue',
    size: DAY,
    hop: HOUR,
    where: (row) => isPair(row) && isAfterView(row),
    groupBy: { category: (row) => row.category },
    measures: {
      views: plain.count(),
      assisted: plain.sumOfMoney(viewRevenue),
      by_last_touch: plain.sumOfMoney(viewRevenue, isLastTouch),
    },
  },
];

/** A row for each session at its end, and one at the purchase's time for each view of a purchase, or for one without any. */
async function* rowsOf(file) {
  const child = spawn(process.execPath, [VISITS, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const found = JSON.parse(line);
    if (found.kind === 'session') yield sessionRow(found);
    else yield* pairRows(found);
  }
}

function sessionRow(session) {
  const values = session.cart.flatMap(({ value }) => amount(value) ?? []);
  return {
    ...session,
    timeMs: Date.parse(session.end),
    revenue: amount(session.revenue),
    cartValue: values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0),
  };
}

function pairRows({ views, time, revenue: whole, ...purchase }) {
  const about = { ...purchase, kind: 'pair', timeMs: Date.parse(time), revenue: amount(whole), views: views.length };
  if (views.length === 0) return [{ ...about, view: null, isFirst: true, viewRevenue: null }];
  return views.map((view, i) => ({ ...about, view, isFirst: i === 0, viewRevenue: amount(view.revenue) }));
}

function amount(text) {
  return text === null ? null : unitsOf(text);
}

await runOracle({ name: 'visit-metrics-oracle.mjs', stream: 'commerce', metrics: METRICS, readFile: rowsOf });
