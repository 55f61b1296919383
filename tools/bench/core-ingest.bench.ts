/**
 * CPU-seconds per million events of the way from raw bytes to columns, beside JSON.parse of the same bytes in the same
 * run. Interleaved rounds, the fastest of each counts: wall time on a shared machine means little.
 *
 *   npx esbuild tools/bench/core-ingest.bench.ts --bundle --platform=node --outfile=/tmp/core-ingest.js && node /tmp/core-ingest.js
 */
import {
  BodySplitter,
  RawEnricher,
  decodeEventBatch,
  emptyPosition,
  encodeEventBatch,
  type RawRecord,
  type StreamSchema,
} from '../../libs/core/src/index';
import { aCommerceSchema } from '../../libs/core/src/stream/schema.fixture';

const EVENTS = 200_000;
const PER_RECORD = 1000;
const ROUNDS = 7;

const TYPES = ['page_view', 'page_view', 'page_view', 'page_view', 'add_to_cart', 'search', 'purchase'];
const CATEGORIES = ['electronics.smartphone', 'appliances.kitchen.washer', 'computers.notebook', 'apparel.shoes'];

function anEvent(n: number): string {
  const random = Math.imul(n ^ (n >>> 7), 0x9e3779b1) >>> 0;
  const hex = (random + 0x1_0000_0000).toString(16).slice(-8);
  const type = TYPES[n % TYPES.length] as string;
  const price = ((random % 200_000) + 100) / 100;
  return JSON.stringify({
    event_id: `${hex}-5f0e-4b1a-9c3d-${String(n).padStart(12, '0')}`,
    event_type: type,
    timestamp: new Date(1_700_000_000_000 + n * 3).toISOString(),
    user_id: `user_${random % 20_000}`,
    session_id: `${hex.slice(0, 4)}9a52-sess-${random % 40_000}`,
    product_id: `prod_${random % 2000}`,
    product_name: `Product name ${random % 2000}`,
    category: CATEGORIES[random % CATEGORIES.length],
    price,
    quantity: (random % 3) + 1,
    ...(type === 'purchase' ? { revenue: price * ((random % 3) + 1) } : {}),
    device_type: ['mobile', 'desktop', 'tablet'][random % 3],
    country: ['DE', 'FR', 'US', 'GB'][random % 4],
  });
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const texts = Array.from({ length: EVENTS }, (_, n) => anEvent(n));
const record = (offset: number, value: Uint8Array): RawRecord => ({
  offset,
  appendMs: 1_700_000_000_000 + offset * (offset < EVENTS / PER_RECORD ? 3 * PER_RECORD : 3),
  value,
  batchId: null,
  control: null,
  rerouted: null,
});
const batched = Array.from({ length: EVENTS / PER_RECORD }, (_, i) =>
  record(i, utf8(`[${texts.slice(i * PER_RECORD, (i + 1) * PER_RECORD).join(',')}]`)),
);
// As the records of one fetch: views of one buffer.
const fetched = utf8(texts.join(''));
let fetchedBytes = 0;
const single = texts.map((text, i) => record(i, fetched.subarray(fetchedBytes, (fetchedBytes += text.length))));

function enrich(records: readonly RawRecord[], schema: StreamSchema): number {
  const enricher = new RawEnricher({ schema, partition: 0, next: 0, position: emptyPosition() });
  let rows = 0;
  for (let at = 0; at < records.length;) {
    const result = enricher.apply(records.slice(at, at + 8192));
    at += result.consumed;
    rows += result.batch.rows;
  }
  return rows;
}

const one = aCommerceSchema({ partitions: 1 });
const batches = (() => {
  const enricher = new RawEnricher({ schema: one, partition: 0, next: 0, position: emptyPosition() });
  const list = [];
  for (let at = 0; at < batched.length;) {
    const { batch, consumed } = enricher.apply(batched.slice(at));
    list.push(batch);
    at += consumed;
  }
  return list;
})();
const encoded = batches.map((batch) => encodeEventBatch(batch));
const splitter = new BodySplitter(aCommerceSchema({ partitions: 12 }));
const decoder = new TextDecoder();
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const contenders: Record<string, () => number> = {
  'JSON.parse, records of 1,000': () =>
    sum(batched.map(({ value }) => (JSON.parse(decoder.decode(value ?? undefined)) as unknown[]).length)),
  'raw to columns, records of 1,000': () => enrich(batched, one),
  'raw to columns, one event a record': () => enrich(single, one),
  'split bodies of 1,000 by 12 partitions': () =>
    sum(batched.map(({ value }) => splitter.split(value ?? new Uint8Array(0), 'json').accepted)),
  'encode batches': () => sum(batches.map((batch) => (encodeEventBatch(batch).length > 0 ? batch.rows : 0))),
  'decode batches': () => sum(encoded.map((bytes) => decodeEventBatch(bytes).rows)),
};

const best = new Map<string, number>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(contenders)) {
    const before = process.cpuUsage();
    const rows = run();
    const { user, system } = process.cpuUsage(before);
    if (rows !== EVENTS) throw new Error(`${name}: ${rows} of ${EVENTS} rows`);
    best.set(name, Math.min(best.get(name) ?? Infinity, (user + system) / EVENTS));
  }
}
const bytes = sum(texts.map((text) => text.length)) / EVENTS;
const stored = sum(encoded.map((batch) => batch.length)) / EVENTS;
console.log(`${EVENTS} events of ${bytes.toFixed(0)} bytes; ${stored.toFixed(0)} bytes each in a batch`);
for (const [name, micros] of best) console.log(`${micros.toFixed(3)} CPU-s per million  ${name}`);
