#!/usr/bin/env node
/**
 * What sessions and attributions of deploy/streams/commerce.yaml must be for REES46 files (.csv) and for files of shop events,
 * one a line (.ndjson): the rows of each user are put in order of time (of equal times: as they come in the files), and looked at
 * one after the other. It shares no code with the platform.
 *
 *   node tools/oracle/visits-oracle.mjs FILE…             every session and purchase as NDJSON
 *   node tools/oracle/visits-oracle.mjs FILE… --compare   how sessions and the client's own session ids disagree, as JSON
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { linesOf } from './plain-answers.mjs';
import { HOUR, MINUTE, unitsOf } from './plain-metrics.mjs';

const GAP = 30 * MINUTE;
const WITHIN = 30 * MINUTE;
/** Sessions are cut at lines half of 24 hours apart; where they may reach over two of them this script is not enough. */
const LONGEST = 12 * HOUR;
const MOST_STEPS = 50;
const MOST_CLIENTS = 20;
const MOST_PRODUCTS = 1000;
const MOST_IN_CART = 100;
const MOST_VIEWS = 100;
const TYPES = { view: 'page_view', cart: 'add_to_cart' };
const EXAMPLES = 3;

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: { compare: { type: 'boolean', default: false } },
});
if (files.length === 0) {
  console.error('usage: visits-oracle.mjs FILE… [--compare]');
  process.exit(2);
}

const byUser = new Map();
for (const file of files) {
  for await (const row of rowsOf(file)) {
    if (!byUser.has(row.user)) byUser.set(row.user, []);
    byUser.get(row.user).push(row);
  }
}
for (const rows of byUser.values()) rows.sort((a, b) => a.time - b.time); // keeps the order of equal ones

if (options.compare) console.log(JSON.stringify(comparison()));
else {
  for (const rows of byUser.values()) {
    for (const session of sessionsOf(rows)) print({ kind: 'session', ...told(session) });
    for (const row of rows) if (row.type === 'purchase' && row.product !== null) print(attributed(row, rows));
  }
}

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Runs of rows with no more than the gap between one and the next. */
function sessionsOf(rows) {
  const sessions = [];
  for (const row of rows) {
    const last = sessions.at(-1);
    if (last !== undefined && row.time - last.at(-1).time <= GAP) last.push(row);
    else sessions.push([row]);
  }
  for (const session of sessions) {
    if (session.at(-1).time - session[0].time >= LONGEST) throw new Error('a session is too long for this script');
  }
  return sessions;
}

function told(rows) {
  const number = (type) => rows.filter((row) => row.type === type).length;
  const placed = rows.filter((row) => row.product !== null || row.category !== null);
  const firstOf = (name) => rows.find((row) => row[name] !== null)?.[name] ?? null;
  const edge = (row) => ({ product: row?.product ?? null, category: row?.category ?? null });
  const products = distinct(rows.map((row) => row.product));
  const clients = distinct(rows.map((row) => row.client));
  const cart = cartOf(rows);
  return {
    user: rows[0].user,
    start: iso(rows[0].time),
    end: iso(rows.at(-1).time),
    events: rows.length,
    page_views: number('page_view'),
    carts: number('add_to_cart'),
    purchases: number('purchase'),
    products: Math.min(products.length, MOST_PRODUCTS),
    revenue: money(rows.reduce((sum, row) => sum + (row.revenue ?? 0), 0)),
    entry: edge(placed[0]),
    exit: edge(placed.at(-1)),
    device: firstOf('device'),
    location: firstOf('country'),
    path: rows.slice(0, MOST_STEPS).map((row) => row.type),
    client_sessions: clients.slice(0, MOST_CLIENTS),
    cart: cart
      .slice(-MOST_IN_CART)
      .filter(({ isIn }) => isIn)
      .map(({ product, value }) => ({ product, value })),
    truncated:
      rows.length > MOST_STEPS ||
      clients.length > MOST_CLIENTS ||
      products.length > MOST_PRODUCTS ||
      cart.length > MOST_IN_CART,
  };
}

/** Products by when they were last put into the cart or taken out. */
function cartOf(rows) {
  const cart = new Map();
  for (const { type, product, price, quantity } of rows) {
    if (product === null || (type !== 'add_to_cart' && type !== 'remove_from_cart')) continue;
    cart.delete(product);
    const value = price === null ? null : money(price * (quantity ?? 1));
    cart.set(product, { product, value, isIn: type === 'add_to_cart' });
  }
  return [...cart.values()];
}

/** A purchase with the views of the same user and product in the half hour before it. */
function attributed(purchase, rows) {
  const { user, time, product, category, device, revenue } = purchase;
  const views = rows
    .filter((row) => row.type === 'page_view' && row.product === product)
    .filter((row) => row.time < time && row.time >= time - WITHIN)
    .reverse();
  const told = views.slice(0, MOST_VIEWS);
  return {
    ...{ kind: 'attribution', user, time: iso(time), on: { product_id: product }, category, device },
    revenue: revenue === null ? null : money(revenue),
    views: told.map((view, i) => ({
      time: iso(view.time),
      time_to_purchase_ms: time - view.time,
      last_touch: i === 0,
      share: 1 / told.length,
      // Units that do not divide go to the newest.
      revenue: revenue === null ? null : money(Math.floor(revenue / told.length) + (i < revenue % told.length ? 1 : 0)),
    })),
    truncated: views.length > told.length,
  };
}

/**
 * Where sessions and the client's own ids disagree: sessions that hold several ids; ids that go on in another session of the
 * same user, or of another user.
 */
function comparison() {
  const places = new Map(); // client's id → sessions, as `user|start`
  const joined = [];
  let sessions = 0;
  let without = 0;
  for (const rows of byUser.values()) {
    for (const session of sessionsOf(rows)) {
      sessions += 1;
      const id = `${session[0].user}|${session[0].time}`;
      const clients = distinct(session.map((row) => row.client));
      if (clients.length === 0) without += 1;
      if (clients.length > 1) joined.push({ session: id, clients });
      for (const client of clients) places.set(client, [...(places.get(client) ?? []), id]);
    }
  }
  const split = [...places].filter(([, held]) => held.length > 1).map(([client, held]) => ({ client, sessions: held }));
  return {
    ...{ users: byUser.size, sessions, client_sessions: places.size, sessions_without_client: without },
    ...{ sessions_with_several_clients: joined.length, clients_in_several_sessions: split.length },
    examples: { joined: joined.slice(0, EXAMPLES), split: split.slice(0, EXAMPLES) },
  };
}

function distinct(values) {
  return [...new Set(values.filter((value) => value !== null))];
}

async function* rowsOf(file) {
  let header = null;
  for await (const line of linesOf(file)) {
    if (/\.ndjson(\.|$)/.test(basename(file))) yield fromShop(JSON.parse(line));
    else if (line.includes('"')) throw new Error(`${basename(file)}: quoted columns are beyond this script`);
    else if (header === null) header = line.split(',');
    else yield fromRees46(Object.fromEntries(line.split(',').map((value, i) => [header[i], value])));
  }
}

function fromRees46(row) {
  const type = TYPES[row.event_type] ?? row.event_type;
  const price = unitsOf(row.price);
  return {
    time: Date.parse(row.event_time.replace(' UTC', 'Z').replace(' ', 'T')),
    ...{ type, user: row.user_id, product: row.product_id, category: row.category_code || 'unknown' },
    ...{ price, quantity: 1, revenue: type === 'purchase' ? price : null },
    ...{ client: row.user_session || null, device: null, country: null },
  };
}

function fromShop(event) {
  const type = TYPES[event.event_type] ?? event.event_type;
  const price = event.price === undefined ? null : unitsOf(String(event.price));
  const computed = type === 'purchase' && price !== null ? price * event.quantity : null;
  return {
    time: Date.parse(event.timestamp),
    ...{ type, user: event.user_id, product: event.product_id ?? null, category: event.category ?? null },
    ...{ price, quantity: event.quantity ?? null },
    revenue: event.revenue === undefined ? computed : unitsOf(String(event.revenue)),
    ...{ client: event.session_id ?? null, device: event.device_type ?? null, country: event.country ?? null },
  };
}

function iso(time) {
  return new Date(time).toISOString();
}

function money(units) {
  const digits = String(units).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
