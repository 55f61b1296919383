/**
 * CPU-seconds per million events of the three commerce metrics and of all that ship, from columns to windows: 100,000 users who come evenly,
 * 2,500 events a second, some out of order, in a steady state in which windows open and close. The fastest of several
 * rounds counts: wall time on a shared machine means little.
 *
 *   npx esbuild tools/bench/core-metrics.bench.ts --bundle --platform=node --packages=external \
 *     --tsconfig=tsconfig.base.json --outfile=dist/core-metrics.js && node dist/core-metrics.js
 */
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import type { EventBatch, MetricDefinition } from '@tillstream/core';
import { PartitionAggregator, emptyPosition } from '@tillstream/core';
import { commerceText, withThreeMetrics } from '../oracle/three-metrics';
import { BATCH_ROWS, columnBatches, inRecords } from './column-batches';
import { cpuPerMillion } from './measure';

const EVENTS_PER_SECOND = 2_500;
const WARM_UP = 2_000_000;
const ROUND = 500_000;
const ROUNDS = 4;

const parsed = parseStreamFile(withThreeMetrics(commerceText()), { file: 'commerce.yaml' });
if (!parsed.ok) throw new Error(formatProblems('commerce.yaml', parsed.problems));
const { schema, metrics } = parsed.definition;
const shipped = parseStreamFile(commerceText(), { file: 'commerce.yaml' });
if (!shipped.ok) throw new Error(formatProblems('commerce.yaml', shipped.problems));

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
// Generated once, so that no garbage of theirs is collected while we measure.
const batches = [...columnBatches({ schema, eventsPerSecond: EVENTS_PER_SECOND }, WARM_UP + ROUNDS * ROUND)];
const tell = (name: string, cost: number) => console.log(`${cost.toFixed(3)} CPU-s per million events  ${name}`);
tell('floor: read every column once', measure(batches, readColumns));
for (const contender of contenders.filter(({ name }) => name.includes(only))) {
  const cut = batches.map((batch) => inRecords(schema, batch, contender.rowsPerRecord));
  tell(contender.name, measure(cut, aggregate(contender)));
}
