import {
  decodeAbandonedCart,
  decodeAlertRecord,
  decodeAttribution,
  decodeControl,
  decodeDeadLetter,
  decodeGap,
  decodeMetricsRecord,
  decodeRawRecord,
  decodeSession,
  encodeControl,
  encodeGap,
  encodeReroute,
  encodeSessions,
  HEADER,
  headerInteger,
  type StoredRecord,
} from '@tillstream/contracts';

import { expectSame, type FuzzTarget, promise } from '../fuzz-target';
import { runFeeds } from './feed-rows';

const SEPARATOR = 0xff;
const NAMES = Object.values(HEADER);

/** `key 0xff value 0xff header 0xff header …`: which header by the first byte of each. */
function recordOf(input: Uint8Array): StoredRecord {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = input.indexOf(SEPARATOR); at >= 0; at = input.indexOf(SEPARATOR, from)) {
    parts.push(input.subarray(from, at));
    from = at + 1;
  }
  const [key = null, value = null, ...rest] = [...parts, input.subarray(from)];
  const headers: Record<string, Uint8Array> = {};
  for (const header of rest) headers[NAMES[(header[0] ?? 0) % NAMES.length] as string] = header.subarray(1);
  return { offset: 7, timestampMs: 9, key, value, headers };
}

/** Digits of the amounts. */
const EXPONENT = 2;

function run(input: Uint8Array): void {
  const record = recordOf(input);
  const { value } = record;
  for (const name of NAMES) {
    const read = headerInteger(record.headers, name);
    const text = Buffer.from(record.headers[name] ?? []).toString();
    const isInteger = /^(0|-?[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text));
    if (text !== '-0') expectSame(`integer ${name}`, read, isInteger ? Number(text) : null);
  }

  const control = decodeControl(value ?? new Uint8Array());
  if (control.kind !== 'other')
    expectSame('control', decodeControl(encodeControl(control).value ?? new Uint8Array()).kind, control.kind);

  const gap = decodeGap(record);
  if (gap !== null) expectSame('gap', decodeGap(encodeGap(gap)), gap);

  const { rerouted } = decodeRawRecord(record);
  if (rerouted !== null) {
    const { sourcePartition, ...source } = rerouted;
    const written = encodeReroute({ ...source, targetPartition: 1, value: value ?? new Uint8Array() }, sourcePartition);
    expectSame('rerouted', decodeRawRecord({ ...record, headers: written.headers ?? {} }).rerouted, rerouted);
    promise(
      rerouted.rowOffsets.every((offset) => offset >= source.sourceFrom && offset < source.sourceNext),
      'a row from outside its range',
    );
  }

  const letter = decodeDeadLetter(record);
  promise(letter === null || letter.id.split('|').length === 3, 'a dead letter without its place');
  const alert = decodeAlertRecord(record);
  if (alert.kind === 'decided') {
    promise(alert.readFrom.length === alert.closedUntilMs.length, 'progress of as many partitions as there are places');
  } else if (alert.kind !== 'unknown') {
    promise(Number.isFinite(alert.openedMs) && Number.isFinite(alert.startMs), 'an alert without its windows');
  }
  const session = decodeSession(record, EXPONENT);
  if (session !== null) {
    const [written] = encodeSessions([{ told: session, settings: session }], EXPONENT);
    expectSame('session', decodeSession(written ?? { value: null }, EXPONENT), session);
  }
  const cart = decodeAbandonedCart(record, EXPONENT);
  promise(cart === null || alert.kind === 'unknown', 'a cart that is an alert, too');
  const attribution = decodeAttribution(record, EXPONENT);
  promise(attribution === null || Number.isSafeInteger(attribution.purchase.offset), 'a purchase without its place');

  runFeeds(record);

  const result = decodeMetricsRecord(record);
  if (result.kind === 'span' || result.kind === 'backfill') {
    promise(!Number.isNaN(result.fromMs) && !Number.isNaN(result.untilMs), 'a span without its bounds');
  } else if (result.kind === 'progress') {
    promise(Number.isFinite(result.closedUntilMs), 'progress without an end');
  } else if (result.kind !== 'unknown') {
    promise(Number.isFinite(result.startMs) && result.identity !== undefined, 'a result without its window');
    promise(!('endMs' in result) || Number.isFinite(result.endMs), 'a result without its end');
    promise(!('count' in result) || typeof result.count === 'number', 'a count that is no number');
  }
}

function seeds(): Uint8Array[] {
  const window = '"metric":"m","window_start":"2026-03-01T09:00:00Z","window_end":"2026-03-01T09:01:00Z","revision":5';
  const visit =
    '"definition":"abc","user":"u","part":"q","start":"2026-03-01T09:00:00.000Z","end":"2026-03-01T09:00:00.000Z"';
  const purchase =
    '"user":"u","on":{"product_id":"p"},"category":"c","device":null,"purchase_id":"2|9|1","purchased":"2026-03-01T09:00:00.000Z","revenue":"2.50","views":2,"truncated":false,"definition":"abc","decided_by":12';
  return [
    'k\xff{"kind":"advance","toMs":1772355600000}\xff\x00advance',
    'k\xff{"kind":"hold"}\xff\x00hold\xff\x010123456789abcdef',
    `k\xff{"kind":"definition","sha256":"${'a'.repeat(64)}"}\xff\x00definition`,
    'k\xff{"kind":"catalog","offset":12}\xff\x00catalog',
    'enricher|1|5\xff{"service":"enricher","partition":1,"from":5,"to":9,"reason":"disk"}',
    '\xff[{},{}]\xff\x022|10|20|0 3 0\xff\x010123456789abcdef',
    '1|7|0\xff{"a":1}\xff\x03no-key\xff\x04$\xff\x05words\xff\x06t\xff\x071\xff\x087\xff\x090\xff\x0a99\xff\x0b12',
    `\xff{"id":"2|9|1|m@abc","metric":"m","definition":"abc","missed":["2026-03-01T09:00:00.000Z"],"lateness_ms":5,"row":{"timestamp":"2026-03-01T09:00:00.000Z"}}\n`,
    `f|m@abc|2026-03-01T09:00:00Z|{"c":"x"}\xff{${window},"group":{"c":"x"},"measures":{"n":1,"l":["a"]},"final":true,"truncated":true}`,
    `p|m@abc|2026-03-01T09:00:00Z|{}\xff{${window},"group":{},"measures":{},"retracted":true}`,
    `c|m@abc|2026-03-01T09:00:00Z\xff{${window},"closed":true}`,
    `u|1\xff{${visit},"duration_ms":0,"events":1,"page_views":1,"carts":0,"purchases":0,"products":1,"revenue":"0.00","entry":{"product":"p","category":null},"exit":{"product":null,"category":"c"},"device":null,"location":"de","path":["v"],"client_sessions":["s"],"cart":[{"product":"p","value":"1.50"}],"cut":false,"truncated":false,"closed_by":9}`,
    `a|u|1\xff{"kind":"abandoned_cart",${visit},"products":[{"product":"p","value":null}],"value":null,"truncated":true}`,
    `2|5|0|9|1\xff{${purchase},"direct":false,"view_id":"2|5|0","viewed":"2026-03-01T08:59:00.000Z","touch":1,"share":0.5,"assisted_revenue":"1.25"}`,
    `2|direct|9|1\xff{${purchase},"direct":true}`,
    `l|m@abc|2026-03-01T09:00:00.000Z|2\xff{${window},"partition":2,"late_rows":4}`,
  ].map((text) => Buffer.from(text, 'latin1'));
}

export const target: FuzzTarget = {
  name: 'small-records',
  about:
    'control records, gaps, reroutes, dead letters, results and their headers, and rows for stores outside: understood whole, or not at all',
  maxBytes: 1_024,
  dictionary: [
    '__proto__',
    '2026-03-01T09:00:00Z',
    '"toMs":',
    '"from":',
    '"to":',
    'null',
    '1e99',
    '9007199254740993',
    '-0',
  ],
  seeds,
  run,
};
