/**
 * CPU-seconds per million events of the three commerce metrics, from columns to windows: 100,000 users who come evenly,
 * 2,500 events a second, some out of order, in a steady state in which windows open and close. The fastest of several
 * rounds counts: wall time on a shared machine means little.
 *
 *   npx esbuild tools/bench/core-metrics.bench.ts --bundle --platform=node --outfile=/tmp/core-metrics.js && node /tmp/core-metrics.js
 */
import { readFileSync } from 'node:fs';
import { parseStreamFile } from '../../libs/contracts/src/stream-file/parse-stream-file';
import type { Column, EventBatch, MetricDefinition } from '../../libs/core/src/index';
import { PartitionAggregator, emptyPosition } from '../../libs/core/src/index';

const USERS = 100_000;
const EVENTS_PER_SECOND = 2_500;
const BATCH_ROWS = 8_192;
const WARM_UP = 2_400_000;
const ROUND = 500_000;
const ROUNDS = 4;
const DISORDER_MS = 5_000;
const START_MS = 1_700_000_000_000;
const TYPES = ['page_view', 'add_to_cart', 'purchase', 'search', 'remove_from_cart', 'wishlist'];
const CATEGORIES = ['electronics.smartphone', 'appliances.kitchen.washer', 'computers.notebook', 'apparel.shoes'];
const utf8 = new TextEncoder();

const parsed = parseStreamFile(readFileSync('deploy/streams/commerce.yaml', 'utf8'), 'deploy/streams/commerce.yaml');
if (!parsed.definition) throw new Error('the stream file is broken');
const { schema, metrics } = parsed.definition;
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

let position = emptyPosition();
function aBatch(from: number, rowsPerRecord: number): EventBatch {
  const rows = BATCH_ROWS;
  const kinds = Int32Array.from({ length: rows }, anEventType);
  const times = Float64Array.from({ length: rows }, (_, i) => {
    return START_MS + Math.floor(((from + i) * 1000) / EVENTS_PER_SECOND) - random(DISORDER_MS);
  });
  const revenue = Float64Array.from(kinds, (kind) => (kind === 2 ? random(100_000) : NaN));
  const count = Math.ceil(rows / rowsPerRecord);
  const rowCounts = new Uint32Array(count).fill(rowsPerRecord);
  let input = position.watermarkInputMs;
  const inputAfterMs = Float64Array.from(rowCounts, (_, record) => {
    for (let i = record * rowsPerRecord; i < (record + 1) * rowsPerRecord; i++)
      input = Math.max(input, times[i] as number);
    return input;
  });
  const before = position;
  position = { ...before, watermarkInputMs: input, maxEventTimeMs: input };
  const dictionary = (indices: Int32Array, entries: readonly string[]): Column => ({
    kind: 'dictionary',
    indices,
    ...texts(entries),
  });
  return {
    stream: schema.stream,
    partition: 0,
    rawFrom: from,
    rawNext: from + rows,
    before,
    after: position,
    records: {
      count,
      offsets: Float64Array.from(rowCounts, (_, record) => from + record * rowsPerRecord),
      rowCounts,
      appendMs: inputAfterMs,
      inputAfterMs,
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
        numberOf('category'),
        dictionary(
          Int32Array.from(kinds, () => random(CATEGORIES.length)),
          CATEGORIES,
        ),
      ],
      [numberOf('revenue'), { kind: 'number', values: revenue }],
    ]),
    ids: new Uint8Array(0),
    validCounts: rowCounts,
    idCounts: rowCounts,
    batchIds: new Uint8Array(0),
    batchIdRecords: new Uint32Array(0),
  };
}

interface Contender {
  readonly name: string;
  readonly rowsPerRecord: number;
  readonly metrics: readonly MetricDefinition[];
  readonly checkpoints?: boolean;
}

const withSlices = (slices: number) =>
  metrics.map((metric) => ({ ...metric, window: { sizeMs: 60_000 * slices, hopMs: 60_000 } }));
const contenders: readonly Contender[] = [
  { name: 'as shipped, records of 256 rows', rowsPerRecord: 256, metrics },
  { name: 'as shipped, one event a record', rowsPerRecord: 1, metrics },
  { name: 'as shipped, with a checkpoint every 8,192 rows', rowsPerRecord: 256, metrics, checkpoints: true },
  ...metrics.map((metric) => ({ name: `${metric.name} alone`, rowsPerRecord: 256, metrics: [metric] })),
  ...[1, 5, 60].map((slices) => ({ name: `size / hop ${slices}`, rowsPerRecord: 256, metrics: withSlices(slices) })),
];

function measure({ rowsPerRecord, metrics, checkpoints }: Contender): number {
  seed = 1;
  position = emptyPosition();
  const aggregator = PartitionAggregator.create(
    { schema, metrics, partition: 0 },
    { next: 0, before: position, completeFromMs: -Infinity },
  );
  let best = Infinity;
  let from = 0;
  for (let round = -1; round < ROUNDS; round++) {
    let micros = 0;
    let rows = 0;
    while (rows < (round < 0 ? WARM_UP : ROUND)) {
      const batch = aBatch(from, rowsPerRecord);
      from = batch.rawNext;
      rows += batch.rows;
      const before = process.cpuUsage();
      aggregator.apply(batch);
      aggregator.takeClosed();
      if (checkpoints) aggregator.takeDeltas();
      const { user, system } = process.cpuUsage(before);
      micros += user + system;
    }
    if (round >= 0) best = Math.min(best, micros / rows);
  }
  return best;
}

const only = process.argv[2];
for (const contender of contenders) {
  if (only && !contender.name.includes(only)) continue;
  console.log(`${measure(contender).toFixed(3)} CPU-s per million events  ${contender.name}`);
}
