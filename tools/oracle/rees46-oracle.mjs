#!/usr/bin/env node
/**
 * What the three commerce metrics must be for a REES46 file, worked out by a plain script of its own: one event after the
 * other into Maps and Sets, cents as integers. It shares no code with the platform.
 *
 *   node tools/oracle/rees46-oracle.mjs FILE…                     every window as NDJSON, sorted
 *   node tools/oracle/rees46-oracle.mjs FILE… --check HOST:PORT   compares with what query-api answers
 *
 * Options of --check: --stream NAME (commerce), --key TEXT (bearer token), --allow-open (windows need not be final).
 */
import { createReadStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Size and hop of each metric's windows. */
const WINDOWS = {
  revenue_by_category: { size: MINUTE, hop: 30 * SECOND },
  high_value_users: { size: 5 * MINUTE, hop: MINUTE },
  conversion_funnel: { size: 5 * MINUTE, hop: MINUTE },
};

/** Order in which measures are declared: maps come over the wire in any order. */
const MEASURES = {
  revenue_by_category: ['total_revenue', 'purchase_count', 'avg_order_value'],
  high_value_users: ['total_spent', 'purchase_count', 'products_purchased'],
  conversion_funnel: [
    'unique_visitors',
    'cart_users',
    'purchasers',
    'cart_conversion_rate',
    'purchase_conversion_rate',
  ],
};

const TYPES = { view: 'page_view', cart: 'add_to_cart', purchase: 'purchase' };
const COLLECTED = 100;

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'string' },
    stream: { type: 'string', default: 'commerce' },
    key: { type: 'string' },
    'allow-open': { type: 'boolean', default: false },
  },
});
if (files.length === 0) {
  console.error('usage: rees46-oracle.mjs FILE… [--check HOST:PORT]');
  process.exit(2);
}

const revenue = new Map(); // window start → category → { cents, count }
const spending = new Map(); // window start → user → { cents, count, products }
const funnel = new Map(); // window start → { visitors, carts, buyers }: Sets of users
const totals = { events: 0, purchases: 0, cents: 0 };

for (const file of files) await readFile(file);
const expected = results();
console.error(
  `${totals.events} events, ${totals.purchases} purchases, ${dollars(totals.cents)} in total, ${expected.length} results`,
);
if (options.check === undefined) for (const row of expected) process.stdout.write(`${JSON.stringify(row)}\n`);
else process.exitCode = (await check(options.check)) ? 0 : 1;

// --- from the file to the windows -------------------------------------------------------------------------------------

async function readFile(file) {
  let input = createReadStream(file);
  if (file.endsWith('.gz')) input = input.pipe(createGunzip());
  if (file.endsWith('.zst')) input = input.pipe(createZstdDecompress());
  let header = null;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line === '') continue;
    if (line.includes('"')) throw new Error(`${basename(file)}: quoted columns are beyond this script`);
    const columns = line.split(',');
    if (header === null) header = columns;
    else count(Object.fromEntries(header.map((name, i) => [name, columns[i]])));
  }
}

function count(row) {
  const time = Date.parse(row.event_time.replace(' UTC', 'Z').replace(' ', 'T'));
  if (Number.isNaN(time)) throw new Error(`not a time: ${row.event_time}`);
  const type = TYPES[row.event_type];
  const user = row.user_id;
  totals.events += 1;
  for (const start of startsOf('conversion_funnel', time)) {
    const window = at(funnel, start, () => ({ page_view: new Set(), add_to_cart: new Set(), purchase: new Set() }));
    window[type]?.add(user);
  }
  if (type !== 'purchase') return;

  const cents = centsOf(row.price);
  const product = row.brand === '' ? row.product_id : `${row.brand} ${row.product_id}`;
  const category = row.category_code === '' ? 'unknown' : row.category_code;
  totals.purchases += 1;
  totals.cents += cents;
  for (const start of startsOf('revenue_by_category', time)) {
    const sums = at(
      at(revenue, start, () => new Map()),
      category,
      () => ({ cents: 0, count: 0 }),
    );
    sums.cents += cents;
    sums.count += 1;
  }
  for (const start of startsOf('high_value_users', time)) {
    const spent = at(
      at(spending, start, () => new Map()),
      user,
      () => ({ cents: 0, count: 0, products: [] }),
    );
    spent.cents += cents;
    spent.count += 1;
    if (spent.products.length < COLLECTED) spent.products.push(product);
  }
}

/** Starts of the windows [start, start + size) that hold a time. */
function startsOf(metric, time) {
  const { size, hop } = WINDOWS[metric];
  const starts = [];
  for (let start = time - (time % hop); start > time - size; start -= hop) starts.push(start);
  return starts;
}

function at(map, key, create) {
  if (!map.has(key)) map.set(key, create());
  return map.get(key);
}

/** `1234.5` → 123450 */
function centsOf(text) {
  const match = /^(\d+)(?:\.(\d{1,2}))?$/.exec(text);
  if (match === null) throw new Error(`not an amount of at most two decimals: ${text}`);
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

// --- from the windows to results --------------------------------------------------------------------------------------

function results() {
  const rows = [];
  for (const [start, categories] of revenue) {
    for (const [category, { cents, count }] of categories) {
      const measures = { total_revenue: dollars(cents), purchase_count: count, avg_order_value: average(cents, count) };
      rows.push(result('revenue_by_category', start, { category }, measures));
    }
  }
  for (const [start, users] of spending) {
    for (const [user_id, { cents, count, products }] of users) {
      if (cents <= 10_000) continue;
      const measures = { total_spent: dollars(cents), purchase_count: count, products_purchased: products };
      rows.push(result('high_value_users', start, { user_id }, measures));
    }
  }
  for (const [start, sets] of funnel) {
    const [visitors, carts, buyers] = [sets.page_view.size, sets.add_to_cart.size, sets.purchase.size];
    const measures = {
      unique_visitors: visitors,
      cart_users: carts,
      purchasers: buyers,
      cart_conversion_rate: visitors === 0 ? null : (100 * carts) / visitors,
      purchase_conversion_rate: carts === 0 ? null : (100 * buyers) / carts,
    };
    rows.push(result('conversion_funnel', start, {}, measures));
  }
  return rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function result(metric, start, group, measures) {
  return { metric, window_start: iso(start), window_end: iso(start + WINDOWS[metric].size), group, measures };
}

function keyOf(row) {
  return `${row.metric} ${row.window_start} ${JSON.stringify(row.group)}`;
}

function iso(time) {
  return new Date(time).toISOString();
}

function dollars(cents) {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/** Six decimals, half to even. */
function average(cents, count) {
  const millionths = BigInt(cents) * 10_000n;
  const divisor = BigInt(count);
  let quotient = millionths / divisor;
  const twice = 2n * (millionths % divisor);
  if (twice > divisor || (twice === divisor && quotient % 2n === 1n)) quotient += 1n;
  const digits = quotient.toString().padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

// --- comparison with the answers of query-api -------------------------------------------------------------------------

async function check(address) {
  const client = await connect(address);
  let problems = 0;
  try {
    for (const metric of Object.keys(WINDOWS)) problems += await checkMetric(client, metric);
  } finally {
    client.close();
  }
  console.log(problems === 0 ? 'every window is equal' : `${problems} differences`);
  return problems === 0;
}

async function connect(address) {
  const { default: grpc } = await import('@grpc/grpc-js');
  const { default: loader } = await import('@grpc/proto-loader');
  const protos = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'libs', 'contracts', 'proto');
  const loaded = await loader.load('tillstream/query/v1/query.proto', {
    includeDirs: [protos],
    keepCase: true,
    longs: String,
    oneofs: true,
  });
  const { QueryService } = grpc.loadPackageDefinition(loaded).tillstream.query.v1;
  return new QueryService(address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
  });
}

async function checkMetric(client, metric) {
  const wanted = new Map(expected.filter((row) => row.metric === metric).map((row) => [keyOf(row), row]));
  const starts = [...wanted.values()].map((row) => Date.parse(row.window_start));
  const from = Math.min(...starts);
  const to = starts.reduce((latest, start) => Math.max(latest, start), -Infinity) + 1;
  const problems = [];
  let answered = 0;
  if (wanted.size > 0) {
    for await (const { row, final, lateRows } of answers(client, metric, from, to)) {
      answered += 1;
      const key = keyOf(row);
      const own = wanted.get(key);
      wanted.delete(key);
      if (own === undefined) problems.push(`not expected: ${JSON.stringify(row)}`);
      else if (JSON.stringify(own) !== JSON.stringify(row)) {
        problems.push(`differs:\n  expected ${JSON.stringify(own)}\n  answered ${JSON.stringify(row)}`);
      } else if (!final && !options['allow-open']) problems.push(`not final: ${key}`);
      if (lateRows > 0) problems.push(`${lateRows} late rows: ${key}`);
    }
  }
  for (const row of wanted.values()) problems.push(`missing: ${JSON.stringify(row)}`);
  for (const problem of problems.slice(0, 20)) console.log(`${metric}: ${problem}`);
  if (problems.length > 20) console.log(`${metric}: and ${problems.length - 20} more`);
  console.log(`${metric}: ${answered} answered, ${problems.length} differences`);
  return problems.length;
}

async function* answers(client, metric, from, to) {
  const { default: grpc } = await import('@grpc/grpc-js');
  const metadata = new grpc.Metadata();
  if (options.key !== undefined) metadata.set('authorization', `Bearer ${options.key}`);
  let page_token = '';
  do {
    const request = { stream: options.stream, metric, from: stamp(from), to: stamp(to), page_size: 1000, page_token };
    const page = await new Promise((resolve, reject) => {
      const deadline = Date.now() + 30 * SECOND;
      client.ListWindows(request, metadata, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    for (const window of page.windows) yield fromAnswer(metric, window);
    page_token = page.next_page_token ?? '';
  } while (page_token !== '');
}

function stamp(time) {
  return { seconds: Math.floor(time / SECOND), nanos: (time % SECOND) * 1e6 };
}

function fromAnswer(metric, window) {
  const time = ({ seconds, nanos }) => iso(Number(seconds) * SECOND + (nanos ?? 0) / 1e6);
  const values = (map) => Object.fromEntries(Object.entries(map ?? {}).map(([name, value]) => [name, plain(value)]));
  const inOrder = (map, names) =>
    Object.fromEntries(names.filter((name) => name in map).map((name) => [name, map[name]]));
  const measures = values(window.measures);
  const names = MEASURES[metric];
  const row = {
    metric: window.metric,
    window_start: time(window.start),
    window_end: time(window.end),
    group: values(window.group),
    measures: { ...inOrder(measures, names), ...measures },
  };
  return { row, final: window.final === true, lateRows: Number(window.late_rows ?? 0) };
}

function plain(value) {
  switch (value.kind) {
    case 'integer':
      return Number(value.integer);
    case 'number':
    case 'decimal':
    case 'text':
    case 'flag':
      return value[value.kind];
    case 'list':
      return (value.list.values ?? []).map(plain);
    default:
      return null;
  }
}
