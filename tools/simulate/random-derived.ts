import type { SeededRandom } from '@tillstream/engine/testing';
import type { PlainMetric, PlainOverVisits, PlainRow, PlainValue } from '../oracle/raw-oracle';
import type { RandomCondition } from './random-condition';
import type { Vocabulary } from './random-metrics';
import { randomMetric } from './random-metrics';
import type { RandomVisits } from './random-visits';

/** Metrics over visits as a stream file has them behind its others, and in plain code. */
export interface RandomDerived {
  readonly yaml: string;
  readonly plain: PlainOverVisits;
}

const MOST_METRICS = 2;

const there = (value: PlainValue | undefined): boolean => value !== null && value !== undefined;
const flag = (name: string): RandomCondition => ({ text: name, holds: (row) => row[name] === true });
const above = (name: string, least: number): RandomCondition => ({
  text: `${name} > ${least}`,
  holds: (row: PlainRow) => there(row[name]) && Number(row[name]) > least,
});

const SESSIONS: Vocabulary = {
  key: 'user',
  time: 'ended',
  groups: [
    [],
    ['user'],
    ['device'],
    ['entry_category'],
    ['converted'],
    ['hour_of_day', 'user'],
    ['part'],
    ['location'],
  ],
  amounts: ['duration_ms', 'page_views', 'revenue', 'cart_value', 'products'],
  whole: 'duration_ms',
  texts: ['path', 'device', 'entry_product', 'exit_category', 'user', 'session_id', 'client_session'],
  counted: ['device', 'entry_category', 'user', 'page_views'],
  condition: (random) =>
    random.pick([
      ...[flag('converted'), flag('bounced'), flag('abandoned'), flag('cut'), above('page_views', 1)],
      { text: 'device == null', holds: (row) => !there(row['device']) },
      { text: 'revenue > 100.00', holds: (row) => (row['revenue'] as bigint) > 100_00n },
    ]),
};

const ATTRIBUTIONS: Vocabulary = {
  key: 'user',
  time: 'purchased',
  groups: [[], ['user'], ['category'], ['direct'], ['touch'], ['user', 'device']],
  amounts: ['time_to_purchase_ms', 'revenue', 'assisted_revenue', 'views'],
  whole: 'views',
  texts: ['purchase_id', 'view_id', 'category', 'device', 'user'],
  counted: ['category', 'purchase_id', 'user', 'views'],
  condition: (random) =>
    random.pick([
      ...[flag('last_touch'), flag('direct'), flag('first_of_purchase'), above('views', 1), above('touch', 1)],
      { text: 'view_id != null', holds: (row) => there(row['view_id']) },
    ]),
};

/** Metrics over whatever visits a stream has. */
export function randomDerived(
  random: SeededRandom,
  { sessions, attribution }: RandomVisits,
  paceMs: number,
): RandomDerived {
  let yaml = '';
  const made = (from: string, words: Vocabulary): Readonly<Record<string, PlainMetric>> => {
    const metrics = Array.from({ length: 1 + random.below(MOST_METRICS) }, (_, i) => {
      const metric = randomMetric(random, paceMs, words);
      yaml += `  of_${from}_${i}:\n    from: ${from}\n${metric.yaml}`;
      return [`of_${from}_${i}`, metric.plain] as const;
    });
    return Object.fromEntries(metrics);
  };
  const plain = {
    sessions: sessions ? made('sessions', SESSIONS) : {},
    attributions: attribution ? made('attributions', ATTRIBUTIONS) : {},
  };
  return { yaml, plain };
}
