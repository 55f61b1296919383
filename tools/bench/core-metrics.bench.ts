/**
 * CPU-seconds per million events of the three commerce metrics and of all that ship, from columns to windows: 100,000 users who come evenly,
 * 2,500 events a second, some out of order, in a steady state in which windows open and close. The fastest of several
 * rounds counts: wall time on a shared machine means little.
 *
 *   npx esbuild tools/bench/core-metrics.bench.ts --bundle --platform=node --packages=external \
 *     --tsconfig=tsconfig.base.json --outfile=dist/core-metrics.js && node dist/core-metrics.js
 */
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import type { BatchPosition, Column, EventBatch, MetricDefinition } from '@tillstream/core';
import { PartitionAggregator, emptyPosition } from '@tillstream/core';
import { commerceText, withThreeMetrics } from '../oracle/three-metrics';
import { cpuPerMillion } from './measure';

const USERS = 100_000;
const EVENTS_PER_SECOND = 2_500;
const BATCH_ROWS = 8_192;
const WARM_UP = 2_000_000;
const ROUND = 500_000;
const ROUNDS = 4;
const DISORDER_MS = 5_000;
const START_MS = 1_700_000_000_000;
const TYPES = ['page_view', 'add_to_cart', 'purchase', 'search', 'remove_from_cart', 'wishlist'];
const COUNTRIES = ['US', 'DE', 'GB', 'FR', 'BR', 'IN', 'JP', 'CA'];
const DEVICES = ['mobile', 'desktop', 'tablet'];
const PAYMENTS = ['card', 'paypal', 'invoice'];
const CATEGORIES = ['electronics.smartphone', 'appliances.kitchen.washer', 'computers.notebook', 'apparel.shoes'];
const utf8 = new TextEncoder();

const parsed = parseStreamFile(withThreeMetrics(commerceText()), { file: 'commerce.yaml' });
if (!parsed.ok) throw new Error(formatProblems('commerce.yaml', parsed.problems));
const { schema, metrics } = parsed.definition;
const shipped = parseStreamFile(commerceText(), { file: 'commerce.yaml' });
if (!shipped.ok) throw new Error(formatProblems('commerce.yaml', shipped.problems));
const numberOf = (name: string) => schema.fields.find((field) => field.name === name)?.number ?? 0;

let seed = 1;
function random(below: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

function texts(values: readonly string[]) {
  const bytes = utf8.encode(values.join(''));
  const offsets = new Uint32Array(values.length + 1);
  values.forEach((value, i) => (offsets[i + 1] = (offsets[i] as number) + value.length));
  return { bytes, offsets };
}

/** 62 % views, 8 % carts, 3 % purchases. */
function anEventType(): number {
  const share = random(100);
  return share < 62 ? 0 : share < 70 ? 1 : share < 73 ? 2 : 3 + random(3);
}

/** All rows, in batches of one record; generated once, so that no garbage of theirs is collected while we measure. */
function generate(): EventBatch[] {
  const batches: EventBatch[] = [];
  let position = emptyPosition();
  for (let from = 0; from < WARM_UP + ROUNDS * ROUND; from += BATCH_ROWS) {
    const batch = aBatch(from, position);
    batches.push(batch);
    position = batch.after;
  }
  return batches;
}

function aBatch(from: number, before: BatchPosition): EventBatch {
  const rows = BATCH_ROWS;
  const kinds = Int32Array.from({ length: rows }, anEventType);
  const times = Float64Array.from({ length: rows }, (_, i) => {
    return START_MS + Math.floor(((from + i) * 1000) / EVENTS_PER_SECOND) - random(DISORDER_MS);
  });
  const revenue = Float64Array.from(kinds, (kind) => (kind === 2 ? random(20_000) : NaN));
  const dictionary = (indices: Int32Array, entries: readonly string[]): Column => {
    return { kind: 'dictionary', indices, ...texts(entries) };
  };
  const price = Float64Array.from(kinds, () => 100 + random(20_000));
  const hours = times.map((time) => Math.floor(time / 3_600_000) % 24);
  const anyOf = (entries: readonly string[]) =>
    dictionary(
      Int32Array.from(kinds, () => random(entries.length)),
      entries,
    );
  const input = times.reduce((newest, time) => Math.max(newest, time), before.watermarkInputMs);
  return {
    stream: schema.stream,
    partition: 0,
    rawFrom: from,
    rawNext: from + rows,
    before,
    after: { ...before, watermarkInputMs: input, maxEventTimeMs: input },
    records: {
      count: 1,
      offsets: Float64Array.of(from),
      rowCounts: Uint32Array.of(rows),
      appendMs: Float64Array.of(input),
      inputAfterMs: Float64Array.of(input),
    },
    controls: [],
    rows,
    rowIndexes: new Uint32Array(rows),
    columns: new Map<number, Column>([
      [numberOf('event_type'), dictionary(kinds, TYPES)],
      [numberOf('timestamp'), { kind: 'number', values: times }],
      [numberOf('user_id'), { kind: 'text', ...texts(Array.from(kinds, () => `user_${random(USERS)}`)), nulls: null }],
      [
        numberOf('product_name'),
        { kind: 'text', ...texts(Array.from(kinds, () => `Product name ${random(2000)}`)), nulls: null },
      ],
      [
        numberOf('product_id'),
        { kind: 'text', ...texts(Array.from(kinds, () => `prod_${random(2000)}`)), nulls: null },
      ],
      [numberOf('category'), anyOf(CATEGORIES)],
      [numberOf('country'), anyOf(COUNTRIES)],
      [numberOf('device_type'), anyOf(DEVICES)],
      [numberOf('payment_method'), anyOf(PAYMENTS)],
      [numberOf('price'), { kind: 'number', values: price }],
      [numberOf('hour_of_day'), { kind: 'number', values: hours }],
      [numberOf('revenue'), { kind: 'number', values: revenue }],
    ]),
    ids: new Uint8Array(0),
    validCounts: new Uint32Array(0),
    idCounts: new Uint32Array(0),
    batchIds: new Uint8Array(0),
    batchIdRecords: new Uint32Array(0),
  };
}

/** The same rows in smaller records. */
function inRecords(batch: EventBatch, rowsPerRecord: number): EventBatch {
  const times = batch.columns.get(numberOf('timestamp'));
  if (times?.kind !== 'number') throw new Error('there are no times');
  const count = BATCH_ROWS / rowsPerRecord;
  const rowCounts = new Uint32Array(count).fill(rowsPerRecord);
  let input = batch.before.watermarkInputMs;
  const inputAfterMs = Float64Array.from(rowCounts, (_, record) => {
    for (const time of times.values.subarray(record * rowsPerRecord, (record + 1) * rowsPerRecord)) {
      input = Math.max(input, time);
    }
    return input;
  });
  const offsets = Float64Array.from(rowCounts, (_, record) => batch.rawFrom + record * rowsPerRecord);
  return { ...batch, records: { count, offsets, rowCounts, appendMs: inputAfterMs, inputAfterMs } };
}

interface Contender {
  readonly name: string;
  readonly rowsPerRecord: number;
  readonly metrics: readonly MetricDefinition[];
  readonly checkpoints?: boolean;
}

/** Metrics without lists, and with few groups: what is left is the cost of a row, not of the results. */
const withSlices = (slices: number) =>
  metrics
    .filter(({ measures }) => measures.every(({ kind }) => kind !== 'collect'))
    .map((metric) => ({ ...metric, window: { sizeMs: 60_000 * slices, hopMs: 60_000 } }));
const contenders: readonly Contender[] = [
  { name: 'the three, records of 256 rows', rowsPerRecord: 256, metrics },
  { name: 'the three, one event a record', rowsPerRecord: 1, metrics },
  { name: 'the three, with a checkpoint every 8,192 rows', rowsPerRecord: 256, metrics, checkpoints: true },
  {
    name: `all ${shipped.definition.metrics.length} that ship`,
    rowsPerRecord: 256,
    metrics: shipped.definition.metrics,
  },
  ...shipped.definition.metrics.map((metric) => ({
    name: `${metric.name} alone`,
    rowsPerRecord: 256,
    metrics: [metric],
  })),
  ...[1, 5, 60].map((slices) => ({
    name: `funnel and revenue, size / hop ${slices}`,
    rowsPerRecord: 256,
    metrics: withSlices(slices),
  })),
];

/** Reads every column that the metrics need, and does nothing with it. */
function readColumns({ columns }: EventBatch): void {
  for (const column of columns.values()) {
    const values = column.kind === 'number' ? column.values : column.kind === 'text' ? column.bytes : column.indices;
    for (let i = 0; i < values.length; i++) sink += values[i] ?? 0;
  }
}
/** What the reading comes to, so that it cannot be left out. */
let sink = 0;
export const read = (): number => sink;

/** The lowest cost of a round, after a warm-up. */
function measure(batches: readonly EventBatch[], work: (batch: EventBatch) => void): number {
  let best = Infinity;
  const warmUp = Math.ceil(WARM_UP / BATCH_ROWS);
  const perRound = Math.floor(ROUND / BATCH_ROWS);
  batches.slice(0, warmUp).forEach(work);
  for (let from = warmUp; from + perRound <= batches.length; from += perRound) {
    const round = batches.slice(from, from + perRound);
    best = Math.min(
      best,
      cpuPerMillion(perRound * BATCH_ROWS, () => round.forEach(work)),
    );
  }
  return best;
}

function aggregate({ metrics, checkpoints }: Contender): (batch: EventBatch) => void {
  const start = { next: 0, before: emptyPosition(), completeFromMs: -Infinity };
  const aggregator = PartitionAggregator.create({ schema, metrics, partition: 0 }, start);
  return (batch) => {
    aggregator.apply(batch);
    aggregator.takeClosed();
    aggregator.takeLate();
    if (checkpoints) aggregator.takeDeltas();
  };
}

const only = process.argv[2] ?? '';
const batches = generate();
const tell = (name: string, cost: number) => console.log(`${cost.toFixed(3)} CPU-s per million events  ${name}`);
tell('floor: read every column once', measure(batches, readColumns));
for (const contender of contenders.filter(({ name }) => name.includes(only))) {
  const cut = batches.map((batch) => inRecords(batch, contender.rowsPerRecord));
  tell(contender.name, measure(cut, aggregate(contender)));
}
