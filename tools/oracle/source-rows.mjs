#!/usr/bin/env node
/**
 * The rows that must stand in a table of events, for files of events as `till replay` sends them: worked out by a plain script
 * that shares no code with the platform. Amounts are text with their digits, instants in UTC; what an event does not say is null.
 *
 *   node tools/oracle/source-rows.mjs commerce FILE…    REES46 files (.csv), for deploy/streams/commerce.yaml
 *   node tools/oracle/source-rows.mjs wikimedia FILE…   captures (.jsonl), for deploy/streams/wikimedia.yaml
 */
import { basename } from 'node:path';
import { linesOf } from './plain-answers.mjs';

const [kind, ...files] = process.argv.slice(2);
const READERS = { commerce: shopRows, wikimedia: changes };
const read = READERS[kind];
if (read === undefined || files.length === 0) {
  console.error(`usage: source-rows.mjs ${Object.keys(READERS).join('|')} FILE…`);
  process.exit(2);
}
for (const file of files) for await (const row of read(file)) process.stdout.write(`${JSON.stringify(row)}\n`);

async function* shopRows(file) {
  const types = { view: 'page_view', cart: 'add_to_cart' };
  let header = null;
  let number = 0;
  for await (const line of linesOf(file)) {
    if (line.includes('"')) throw new Error(`${basename(file)}: quoted columns are beyond this script`);
    if (header === null) {
      header = line.split(',');
      continue;
    }
    number += 1;
    const row = Object.fromEntries(line.split(',').map((value, i) => [header[i], value]));
    const type = types[row.event_type] ?? row.event_type;
    const timestamp = instant(row.event_time.replace(' UTC', 'Z').replace(' ', 'T'));
    const price = cents(row.price);
    yield {
      event_id: `${basename(file).replace(/\.gz$/, '')}#${number}`,
      event_type: type,
      timestamp,
      user_id: row.user_id,
      anonymous_id: null,
      product_id: row.product_id,
      product_name: [row.brand, row.product_id].filter((part) => part !== '').join(' '),
      category: row.category_code || 'unknown',
      price,
      quantity: 1,
      session_id: row.user_session || null,
      device_type: null,
      country: null,
      revenue: type === 'purchase' ? price : null,
      payment_method: null,
      hour_of_day: Number(timestamp.slice(11, 13)),
    };
  }
}

async function* changes(file) {
  for await (const line of linesOf(file)) {
    const read = JSON.parse(line);
    const event = 'kafka_offset' in read ? read.value : read;
    const [before, after] = [whole(event.length?.old), whole(event.length?.new)];
    yield {
      'meta.id': event.meta.id,
      'meta.dt': instant(event.meta.dt),
      'meta.domain': event.meta.domain ?? null,
      'meta.uri': event.meta.uri ?? null,
      type: event.type ?? null,
      wiki: event.wiki ?? null,
      user: event.user ?? null,
      server_name: event.server_name ?? null,
      bot: event.bot ?? null,
      page_namespace: event.namespace ?? null,
      'length.old': before,
      'length.new': after,
      bytes_changed: after === null ? null : after - (before ?? 0),
    };
  }
}

function instant(text) {
  return new Date(text).toISOString();
}

/** A price of the file, which has no more than two digits behind the point. */
function cents(text) {
  if (text === '') return null;
  const [whole, digits = ''] = text.split('.');
  if (digits.length > 2) throw new Error(`${text} has more digits than this script rounds`);
  return `${whole}.${digits.padEnd(2, '0')}`;
}

function whole(value) {
  return value === undefined || value === null ? null : Number(value);
}
