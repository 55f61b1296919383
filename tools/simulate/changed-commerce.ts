import type { StreamDefinition } from '@tillstream/contracts';
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import type { PlainDefinition } from '../oracle/raw-oracle';
import type { Change } from './change';
import type { RandomVisits } from './random-visits';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** Two metrics, one of them by the key, that are new in the changed file; and a new field. */
const ADDED = `
  events_by_type:
    groupBy: [event_type]
    window: { size: 3m, hop: 1m }
    outOfOrderness: 2m
    emit: { every: 5s }
    measures:
      events: count()
      users: distinct(user_id)
  spending:
    where: event_type == 'purchase'
    groupBy: [user_id]
    window: { size: 2m, hop: 1m }
    outOfOrderness: 30s
    emit: { every: 5s }
    measures:
      spent: sum(revenue)
`;
const KEPT = 'revenue_by_category';
const REMOVED = ['conversion_funnel', 'high_value_users'];

/** The shop stream as it is put live in the middle of a life. */
export function changedCommerce(definition: StreamDefinition, visits?: RandomVisits): Change {
  const lines = definition.text.split('\n');
  const metrics = lines.indexOf('metrics:');
  const kept = lines.findIndex((line) => line.startsWith(`  ${KEPT}:`));
  const end = lines.findIndex((line, index) => index > kept && /^ {2}\S/.test(line));
  const text = [
    ...lines.slice(0, metrics),
    '  coupon: { type: string, optional: true }',
    'metrics:',
    ...lines.slice(kept, end),
    ADDED,
    visits?.yaml ?? '',
  ].join('\n');
  const parsed = parseStreamFile(text, { file: 'changed.yaml' });
  if (!parsed.ok) throw new Error(formatProblems('changed.yaml', parsed.problems));
  const added = parsed.definition.metrics.map(({ name }) => name).filter((name) => name !== KEPT);
  return { definition: parsed.definition, added, removed: REMOVED, ...(visits && { visits }) };
}

/** The metrics of both files, in plain code. */
export function withChange(plain: PlainDefinition): PlainDefinition {
  return {
    ...plain,
    fields: { ...plain.fields, coupon: { type: 'string', optional: true } },
    metrics: {
      ...plain.metrics,
      events_by_type: {
        groupBy: ['event_type'],
        sizeMs: 3 * MINUTE_MS,
        hopMs: MINUTE_MS,
        outOfOrdernessMs: 2 * MINUTE_MS,
        measures: { events: { count: true }, users: { distinct: 'user_id' } },
      },
      spending: {
        where: (row) => row['event_type'] === 'purchase',
        groupBy: ['user_id'],
        sizeMs: 2 * MINUTE_MS,
        hopMs: MINUTE_MS,
        outOfOrdernessMs: 30 * SECOND_MS,
        measures: { spent: { sum: 'revenue' } },
      },
    },
  };
}
