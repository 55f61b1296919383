import type { StreamDefinition } from '@tillstream/contracts';
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import type { EventBatch } from '@tillstream/core';
import { PartitionAggregator, emptyPosition } from '@tillstream/core';
import { commerceText, withMetrics } from '../oracle/three-metrics';
import { table } from '../rig/table';
import { measureAttribution } from './attribution-parts';
import { BATCH_ROWS, columnBatches, inRecords } from './column-batches';
import type { BenchContext } from './context';
import { measureManyGroups } from './many-groups';
import { best, cpuPerMillion } from './measure';
import { measureSessions } from './session-parts';
import { measureTracker } from './tracker-parts';

const EVENTS_PER_SECOND = 1_000;
const ROWS_PER_RECORD = 256;
/** In parts of the events: what is applied before anything is measured, and each round. */
const WARM_UP = 2;
const ROUNDS = 3;

const MEASURES = [
  ['sum(revenue)', 'sum(price)'],
  ['avg', 'avg(price)'],
  ['min', 'min(price)'],
  ['stddev', 'stddev(price)'],
  ['rate', 'rate()'],
  ['count with a condition', "count() where event_type == 'purchase'"],
  ['count with a regular expression', "count() where product_name.matches('(7|8)[0-9]*5$')"],
  ['median', 'median(price)'],
  ['first', 'first(product_name)'],
  ['last', 'last(price)'],
  ['distinct', 'distinct(user_id)'],
  ['approx_distinct', 'approx_distinct(user_id)'],
  ['collect', 'collect(product_name, 20)'],
  ['top 10 of 2,000 by sum', 'top(10, product_id by sum(price))'],
] as const;

/** The same measures in windows of every kind. */
const SUBTRACTED = '{ events: count(), total: sum(price), mean: avg(price), users: distinct(user_id) }';
/** So few that windows of any size hold most of them: what is compared is the windows, not how much they hold. */
const FEW_USERS = 5_000;
const MERGED = "{ least: min(price), half: median(price), best: 'top(10, product_id by sum(price))' }";
const HOPPING = [
  ['tumbling, 5 s', '{ size: 5s }', 1],
  ['size / hop 5: 25 s every 5 s', '{ size: 25s, hop: 5s }', 5],
  ['size / hop 60: 5 m every 5 s', '{ size: 5m, hop: 5s }', 60],
  ['the hop does not divide: 5 m every 7 s', '{ size: 5m, hop: 7s }', 43],
] as const;
const BY_USER = [
  ['tumbling, 1 m', '{ size: 1m }'],
  ['sessions, 2 m apart', '{ session: 2m }'],
  ['running total', 'global'],
] as const;

/** What the streaming engine costs by what it is asked for, from columns to results that are not yet written. */
export async function measureEngine({ partCount, say }: BenchContext): Promise<string> {
  const { schema } = definitionWith('  events:\n    window: { size: 1m }\n    measures: { n: count() }\n');
  const costWith = (userOf?: (event: number) => number) => {
    const shape = { schema, eventsPerSecond: EVENTS_PER_SECOND, ...(userOf && { userOf }) };
    const rows = [...columnBatches(shape, partCount * (WARM_UP + ROUNDS))];
    const batches = rows.map((batch) => inRecords(schema, batch, ROWS_PER_RECORD));
    return (yaml: string): number => costOf(definitionWith(yaml), batches, partCount);
  };
  const cost = costWith();
  say('measuring each measure');
  // Whoever comes first would pay for what is compiled.
  cost(`  one:\n    groupBy: [user_id]\n    window: { size: 1m }\n    measures: ${SUBTRACTED}\n`);
  const measures = measureTable(cost);
  say('measuring windows');
  const ofFew = costWith((event) => (Math.imul(event, 2_654_435_761) >>> 8) % FEW_USERS);
  const windows = [...hoppingTable(ofFew), '', ...userTable(cost)];
  say('measuring one metric and many');
  const many = manyTable(cost);
  const sessions = measureSessions(schema, partCount, say);
  const groups = await measureManyGroups(5 * partCount, say);
  const attribution = measureAttribution(schema, partCount, say);
  const tracker = measureTracker(schema, partCount, say);
  return [
    `From columns to windows, in one process, ${partCount} events a round in records of ${ROWS_PER_RECORD}, ${EVENTS_PER_SECOND} a ` +
      `second by event time, best of ${ROUNDS} rounds; CPU-s per million events:`,
    '',
    ...measures,
    '',
    ...windows,
    '',
    ...many,
    '',
    ...sessions,
    '',
    ...groups,
    '',
    ...attribution,
    '',
    ...tracker,
  ].join('\n');
}

function measureTable(cost: (yaml: string) => number): string[] {
  const metric = (groupBy: string, measure: string): string => {
    const more = measure === '' ? '' : `\n      m: ${JSON.stringify(measure)}`;
    return `  one:\n    groupBy: [${groupBy}]\n    window: { size: 1m }\n    measures:\n      n: count()${more}\n`;
  };
  const [few, many] = ['category', 'user_id'].map((groupBy) => cost(metric(groupBy, ''))) as [number, number];
  const rows = MEASURES.map(([name, measure]) => [
    name,
    added(cost(metric('category', measure)), few),
    added(cost(metric('user_id', measure)), many),
  ]);
  return table(
    ['windows of 1 m', 'by category (4)', 'by user (100,000)'],
    [['a metric with count()', few.toFixed(3), many.toFixed(3)], ...rows],
  );
}

const added = (cost: number, base: number): string => `+ ${Math.max(0, cost - base).toFixed(3)}`;

function hoppingTable(cost: (yaml: string) => number): string[] {
  const costs = HOPPING.map(([, window]) =>
    [SUBTRACTED, MERGED].map((measures) =>
      cost(`  one:\n    groupBy: [category]\n    window: ${window}\n    measures: ${measures}\n`),
    ),
  );
  const cell = (row: number, column: number): string => {
    const value = costs[row]?.[column] ?? NaN;
    return `${value.toFixed(3)} (× ${(value / (costs[0]?.[column] ?? NaN)).toFixed(2)})`;
  };
  return table(
    ['windows, by category, 5,000 users', 'count, sum, avg, distinct', 'min, median, top'],
    HOPPING.map(([name], row) => [name, cell(row, 0), cell(row, 1)]),
  );
}

function userTable(cost: (yaml: string) => number): string[] {
  const measures = '{ events: count(), total: sum(price), products: distinct(product_id) }';
  return table(
    ['windows, by user', 'count, sum, distinct'],
    BY_USER.map(([name, window]) => {
      return [
        name,
        cost(`  one:\n    groupBy: [user_id]\n    window: ${window}\n    measures: ${measures}\n`).toFixed(3),
      ];
    }),
  );
}

function manyTable(cost: (yaml: string) => number): string[] {
  const groups = ['category', 'country', 'device_type', 'payment_method', 'event_type'];
  const conditions = ['', "event_type == 'purchase'", 'price > 50.00', "country in ['US', 'DE']"];
  const sums = ['sum(price)', 'avg(price)', 'max(price)'];
  const metrics = (count: number): string =>
    Array.from({ length: count }, (_, i) => {
      const where = conditions[i % conditions.length] ?? '';
      return (
        `  metric_${i}:\n${where === '' ? '' : `    where: ${JSON.stringify(where)}\n`}` +
        `    groupBy: [${groups[i % groups.length]}]\n    window: { size: ${1 + (i % 7)}m, hop: 1m }\n` +
        `    measures: { events: count(), value: ${sums[i % sums.length]} }\n`
      );
    }).join('');
  const costs = [1, 10, 50].map((count) => [count, cost(metrics(count))] as const);
  const [first] = costs;
  return table(
    ['metrics on one stream', 'all of them', 'each one more'],
    costs.map(([count, all]) => {
      const each = count === 1 || !first ? '–' : ((all - first[1]) / (count - 1)).toFixed(3);
      return [String(count), all.toFixed(3), each];
    }),
  );
}

/** The least of the rounds, after the warm-up. */
function costOf({ schema, metrics }: StreamDefinition, batches: readonly EventBatch[], events: number): number {
  const start = { next: 0, before: emptyPosition(), completeFromMs: -Infinity };
  const aggregator = PartitionAggregator.create({ schema, metrics, partition: 0 }, start);
  const apply = (batch: EventBatch): void => {
    aggregator.apply(batch);
    aggregator.takeClosed();
    aggregator.takeLate();
  };
  const perRound = Math.floor(events / BATCH_ROWS);
  let from = Math.max(0, batches.length - ROUNDS * perRound);
  batches.slice(0, from).forEach(apply);
  return best(ROUNDS, () => {
    const round = batches.slice(from, from + perRound);
    from += perRound;
    return cpuPerMillion(round.length * BATCH_ROWS, () => round.forEach(apply));
  });
}

/** The shop's stream with these metrics. */
function definitionWith(metrics: string): StreamDefinition {
  const text = withMetrics(commerceText(), `metrics:\n${metrics}`);
  const parsed = parseStreamFile(text, { file: 'commerce.yaml' });
  if (!parsed.ok) throw new Error(formatProblems('commerce.yaml', parsed.problems));
  return parsed.definition;
}
