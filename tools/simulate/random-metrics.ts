import type { SeededRandom } from '@tillstream/engine/testing';
import type { PlainField, PlainHops, PlainMeasure, PlainMetric, PlainSessions, PlainTotal } from '../oracle/raw-oracle';
import { randomAlert } from './random-alert';
import type { RandomCondition } from './random-condition';
import { randomCondition } from './random-condition';

/** Some metrics as a stream file has them, and in plain code; and the fields within objects that they use, too. */
export interface RandomMetrics {
  /** The last fields of a stream file, and its metrics. */
  readonly yaml: string;
  readonly plain: Readonly<Record<string, PlainMetric>>;
  readonly fields: Readonly<Record<string, PlainField>>;
}

const FIELDS: Readonly<Record<string, PlainField>> = {
  'page.kind': { type: 'string', optional: true },
  depth: { type: 'int', path: 'page.scroll.depth', optional: true },
};

const SECOND_MS = 1_000;
const MOST_METRICS = 3;
const MOST_MEASURES = 4;
/** Some of them divide the sizes that come of them, most do not. */
const HOPS_S = [7, 15, 20, 45, 60, 70];
const MOST_HOPS = 6;
const DAY_MS = 86_400_000;
const GAPS_S = [10, 45, 150, 600];
/** What random metrics may speak of. */
export interface Vocabulary {
  /** Metrics by it are final in their partition. */
  readonly key: string;
  readonly time: string;
  readonly groups: readonly (readonly string[])[];
  readonly amounts: readonly string[];
  /** An amount that is a whole number. */
  readonly whole: string;
  readonly texts: readonly string[];
  /** Of which an exact number of values can be told in one partition; over partitions only of the key. */
  readonly counted: readonly string[];
  readonly condition: (random: SeededRandom) => RandomCondition;
}

/** Of the shop's events. */
const EVENTS: Vocabulary = {
  key: 'user_id',
  time: 'timestamp',
  groups: [
    [],
    ['category'],
    ['user_id'],
    ['user_id', 'category'],
    ['event_type'],
    ['product_id'],
    ['quantity'],
    ['page.kind'],
    ['depth', 'user_id'],
  ],
  amounts: ['price', 'revenue', 'quantity', 'depth'],
  whole: 'quantity',
  texts: ['product_id', 'product_name', 'category', 'event_type', 'user_id', 'page.kind'],
  counted: ['product_id', 'category', 'quantity', 'user_id'],
  condition: (random) => randomCondition(random),
};

/** Metrics over the shop's events that nobody would think of: any groups, windows, conditions and measures. */
export function randomMetrics(random: SeededRandom, paceMs: number): RandomMetrics {
  const made = Array.from({ length: 1 + random.below(MOST_METRICS) }, (_, i) => {
    return { name: `metric_${i}`, ...randomMetric(random, paceMs, EVENTS) };
  });
  const fields = Object.entries(FIELDS).map(([name, field]) => `  ${name}: ${JSON.stringify(field)}\n`);
  return {
    fields: FIELDS,
    yaml: `${fields.join('')}metrics:\n${made.map(({ name, yaml }) => `  ${name}:\n${yaml}`).join('')}`,
    plain: Object.fromEntries(made.map(({ name, plain }) => [name, plain])),
  };
}

/** A metric of any groups, windows, conditions and measures: the lines below its name, and in plain code. */
export function randomMetric(
  random: SeededRandom,
  paceMs: number,
  words: Vocabulary,
): { readonly yaml: string; readonly plain: PlainMetric } {
  const groupBy = random.pick(words.groups);
  const outOfOrdernessS = random.pick([0, 10, 60, 300]);
  const where = random.chance(0.5) ? words.condition(random) : null;
  const isLocal = groupBy.includes(words.key);
  const windows = randomWindows(random, isLocal);
  const isPaced = !('gapMs' in windows.plain);
  const isTotal = 'total' in windows.plain;
  const measures = [
    { name: 'events', text: 'count()', plain: { count: true } as PlainMeasure },
    ...Array.from({ length: 1 + random.below(MOST_MEASURES) }, (_, i) => ({
      name: `m${i}`,
      ...randomMeasure(random, words, isLocal, isTotal),
    })),
  ];
  const isTwice = random.chance(0.3);
  const least = random.chance(0.3) ? 1 + random.below(3) : null;
  const [, hop] = /hop: (\d+)s/.exec(windows.yaml) ?? [];
  const compare = hop === undefined ? null : random.pick([null, null, 'previous', `[previous, ${8 * Number(hop)}s]`]);
  const alert = hop === undefined || !random.chance(0.4) ? null : randomAlert(random, Number(hop), least !== null);
  const lines = [
    ...(where === null ? [] : [`where: ${JSON.stringify(where.text)}`]),
    ...(groupBy.length === 0 ? [] : [`groupBy: [${groupBy.join(', ')}]`]),
    `window: ${windows.yaml}`,
    ...(isTotal ? [] : [`outOfOrderness: ${outOfOrdernessS}s`]),
    ...(isPaced ? [`emit: { every: ${paceMs}ms }`] : []),
    ...(least === null ? [] : [`having: events > ${least}`]),
    ...(alert === null ? [] : [`alert: ${alert.yaml}`]),
    ...(compare === null ? [] : [`compare: ${compare}`]),
    'measures:',
    ...measures.map(({ name, text }) => `  ${name}: ${JSON.stringify(text)}`),
    ...(isTwice ? ['  twice: 2 * events - 1'] : []),
  ];
  return {
    yaml: lines.map((line) => `    ${line}\n`).join(''),
    plain: {
      ...(where === null ? {} : { where: where.holds }),
      groupBy,
      ...windows.plain,
      outOfOrdernessMs: isTotal ? 0 : outOfOrdernessS * SECOND_MS,
      measures: {
        ...Object.fromEntries(measures.map(({ name, plain }) => [name, plain])),
        ...(isTwice ? { twice: { derived: ({ events }) => 2 * Number(events) - 1 } } : {}),
      },
      ...(alert === null ? {} : { alert: alert.plain }),
      ...(least === null ? {} : { having: ({ events }) => Number(events) > least }),
    },
  };
}

type Windows<Plain> = { readonly yaml: string; readonly plain: Plain };

function randomWindows(random: SeededRandom, isLocal: boolean): Windows<PlainHops | PlainSessions | PlainTotal> {
  if (random.chance(0.2)) return { yaml: 'global', plain: { total: true } };
  return isLocal && random.chance(0.4) ? randomSessions(random) : randomHops(random);
}

function randomHops(random: SeededRandom): Windows<PlainHops> {
  const hopS = random.pick(HOPS_S);
  const sizeS = random.chance(0.3)
    ? hopS
    : hopS * (1 + random.below(MOST_HOPS)) + (random.chance(0.5) ? random.below(hopS) : 0);
  const plain = { sizeMs: sizeS * SECOND_MS, hopMs: hopS * SECOND_MS };
  return { yaml: `{ size: ${sizeS}s, hop: ${hopS}s }`, plain };
}

/** Some are cut now and then: those of a busy user with a gap of minutes. */
function randomSessions(random: SeededRandom): Windows<PlainSessions> {
  const gapS = random.pick(GAPS_S);
  if (random.chance(0.5)) {
    return { yaml: `{ session: ${gapS}s }`, plain: { gapMs: gapS * SECOND_MS, maxDurationMs: DAY_MS } };
  }
  const longestS = gapS * (4 + random.below(8)) + random.below(gapS);
  const plain = { gapMs: gapS * SECOND_MS, maxDurationMs: longestS * SECOND_MS };
  return { yaml: `{ session: ${gapS}s, maxDuration: ${longestS}s }`, plain };
}

function randomMeasure(
  random: SeededRandom,
  words: Vocabulary,
  isLocal: boolean,
  isTotal: boolean,
): { readonly text: string; readonly plain: PlainMeasure } {
  const { text, plain } = aggregate(random, words, isLocal, isTotal);
  if (!random.chance(0.4)) return { text, plain };
  const where = words.condition(random);
  return { text: `${text} where ${where.text}`, plain: { ...plain, where: where.holds } };
}

type Aggregate = Exclude<PlainMeasure, { readonly derived: unknown }>;

function aggregate(
  random: SeededRandom,
  { key, time, amounts, whole, texts, counted: countable }: Vocabulary,
  isLocal: boolean,
  isTotal: boolean,
): { readonly text: string; readonly plain: Aggregate } {
  const amount = random.pick(amounts);
  const value = random.pick([...texts, ...amounts, time]);
  switch (random.below(11)) {
    case 0:
      return { text: 'count()', plain: { count: true } };
    case 1:
      return { text: `sum(${amount})`, plain: { sum: amount } };
    case 2:
      return { text: `avg(${amount})`, plain: { avg: amount } };
    case 3:
      return { text: `min(${amount})`, plain: { min: amount } };
    case 4:
      return { text: `max(${time})`, plain: { max: time } };
    case 5: {
      const counted = isLocal ? random.pick(countable) : key;
      return { text: `distinct(${counted})`, plain: { distinct: counted } };
    }
    case 6: {
      const limit = 1 + random.below(4);
      return { text: `collect(${value}, ${limit})`, plain: { collect: value, limit } };
    }
    case 7:
      return { text: `first(${value})`, plain: { first: value } };
    case 8:
      return { text: `last(${value})`, plain: { last: value } };
    case 9:
      // A total has no length.
      return isTotal
        ? { text: `sum(${amount})`, plain: { sum: amount } }
        : { text: `rate(${amount})`, plain: { rate: amount } };
    default: {
      const top = random.pick([...texts, whole]);
      const limit = 1 + random.below(4);
      const by = random.pick(['count', { sum: amount }, { max: amount }] as const);
      const text = by === 'count' ? 'count()' : 'sum' in by ? `sum(${by.sum})` : `max(${by.max})`;
      return { text: `top(${limit}, ${top} by ${text})`, plain: { top, limit, by } };
    }
  }
}
