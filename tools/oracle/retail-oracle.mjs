#!/usr/bin/env node
/**
 * What the metrics of deploy/streams/retail.yaml must be for the CSV file of UCI's Online Retail, worked out by a plain script
 * of its own. It shares no code with the platform.
 *
 *   node tools/oracle/retail-oracle.mjs FILE…                     every window as NDJSON, sorted
 *   node tools/oracle/retail-oracle.mjs FILE… --check HOST:PORT   compares with what query-api answers
 *
 * Options of --check: --stream NAME (retail), --key TEXT (bearer token), --allow-open (windows need not be final).
 */
import { linesOf, runOracle } from './plain-answers.mjs';
import * as plain from './plain-metrics.mjs';
import { DAY, HOUR } from './plain-metrics.mjs';

const amount = (row) => row.amount;
const quantity = (row) => row.quantity;
const price = (row) => row.price;
const customer = (row) => row.customer;
const product = (row) => row.product;
const isCancelled = (row) => row.invoice.startsWith('C');
const isKept = (row) => !isCancelled(row);
const isSold = (row) => row.quantity > 0;
const isPaid = (row) => row.quantity > 0 && row.price > 0;

const METRICS = [
  {
    name: 'revenue_by_country',
    size: DAY,
    groupBy: { country: (row) => row.country },
    measures: {
      revenue: plain.sumOfMoney(amount),
      sold: plain.sumOfMoney(amount, isSold),
      returned: plain.sumOfMoney(amount, (row) => row.quantity < 0),
      items: plain.sum(quantity),
      per_item: (rows, { items }) => {
        const perItem = plain.ratio(plain.sum(amount)(rows), items);
        return perItem === null ? null : perItem / 100;
      },
    },
  },
  {
    name: 'top_products',
    size: DAY,
    measures: {
      by_revenue: plain.topOf(10, product, amount, plain.money),
      by_quantity: (rows) => plain.topOf(10, product, quantity)(rows.filter(isKept)),
      dearest_line: plain.topOf(3, (row) => row.invoice, amount, plain.money, Math.max),
    },
  },
  {
    name: 'top_customers_of_the_week',
    size: 7 * DAY,
    hop: DAY,
    where: (row) => row.customer !== null,
    measures: {
      customers: plain.distinct(customer),
      top_customers: plain.topOf(10, customer, amount, plain.money),
    },
  },
  {
    name: 'cancellations',
    size: DAY,
    measures: {
      lines: plain.count(),
      cancelled_lines: plain.count(isCancelled),
      sold: plain.sumOfMoney(amount, isKept),
      taken_back: plain.sumOfMoney(amount, isCancelled),
      cancelled_share: plain.percentOf('cancelled_lines', 'lines'),
      taken_back_share: (rows) => {
        const takenBack = plain.sum(amount, isCancelled)(rows);
        return plain.ratio(takenBack === null ? null : -100 * takenBack, plain.sum(amount, isKept)(rows));
      },
    },
  },
  {
    name: 'line_values',
    size: DAY,
    where: isPaid,
    measures: {
      lines: plain.count(),
      avg_value: plain.averageOfMoney(amount),
      median: plain.percentileOfMoney(amount, 50),
      p90: plain.percentileOfMoney(amount, 90),
      p99: plain.percentileOfMoney(amount, 99),
      largest: plain.largestAmount(amount),
    },
    near: ['median', 'p90', 'p99'],
  },
  {
    name: 'price_by_product',
    size: 7 * DAY,
    where: isPaid,
    groupBy: { product_code: product },
    measures: {
      lines: plain.count(),
      avg_price: plain.averageOfMoney(price),
      lowest: plain.smallestAmount(price),
      highest: plain.largestAmount(price),
    },
    having: (rows) => rows.length >= 10,
  },
  {
    name: 'busy_hours',
    size: DAY,
    groupBy: { hour_of_day: (row) => new Date(row.timeMs).getUTCHours() },
    measures: {
      lines: plain.count(),
      customers: plain.distinct(customer),
      revenue: plain.sumOfMoney(amount),
    },
  },
  {
    name: 'large_returns',
    size: DAY,
    hop: 6 * HOUR,
    where: (row) => isCancelled(row) && row.customer !== null,
    groupBy: { customer_id: customer },
    measures: {
      returned: plain.sumOfMoney(amount),
      lines: plain.count(),
      products: plain.collected(product, 20),
    },
    having: (rows) => plain.sum(amount)(rows) < -10_000,
  },
];

await runOracle({ name: 'retail-oracle.mjs', stream: 'retail', metrics: METRICS, readFile });

async function* readFile(file) {
  let header = null;
  for await (const line of linesOf(file)) {
    const values = columnsOf(line);
    if (header === null) header = values;
    else yield fromRow(Object.fromEntries(header.map((name, i) => [name, values[i]])));
  }
}

/** Values of one line; those in quotes may hold commas, and quotes twice. */
function columnsOf(line) {
  const values = [];
  for (const [, quoted, bare] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    values.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
  }
  if (values.length !== 8) throw new Error(`${values.length} columns: ${line}`);
  return values;
}

function fromRow(row) {
  const timeMs = Date.parse(`${row.InvoiceDate.replace(' ', 'T')}Z`);
  if (Number.isNaN(timeMs)) throw new Error(`not a time: ${row.InvoiceDate}`);
  const units = plain.unitsOf(row.UnitPrice);
  const count = Number(row.Quantity);
  return {
    timeMs,
    invoice: row.InvoiceNo,
    product: row.StockCode,
    customer: row.CustomerID === '' ? null : row.CustomerID.replace(/\.0$/, ''),
    country: row.Country,
    quantity: count,
    price: units,
    // Not minus zero.
    amount: units * count + 0,
  };
}
