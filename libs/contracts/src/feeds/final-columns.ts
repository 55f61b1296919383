import { fieldByName } from '@tillstream/core';
import type { FieldType, Measure, MetricDefinition, StreamSchema } from '@tillstream/core';
import type { FeedColumn, FeedColumnType } from './feed';
import { withUniqueNames } from './unique-names';

/** What finals of all metrics have. */
export const FINAL_COLUMNS: readonly FeedColumn[] = [
  { name: 'metric', type: 'string' },
  { name: 'definition', type: 'string' },
  { name: 'window_start', type: 'timestamp' },
  { name: 'window_end', type: 'timestamp' },
  { name: 'group', type: 'json' },
  { name: 'revision', type: 'int' },
  { name: 'truncated', type: 'bool' },
];

/** Of finals of metrics that are not declared any more, what they say is known, but not its types. */
export const UNDECLARED_FINAL_COLUMNS: readonly FeedColumn[] = [...FINAL_COLUMNS, { name: 'measures', type: 'json' }];

/** Those of all metrics, then the metric's group fields and measures. */
export function finalColumns({ groupBy, measures }: MetricDefinition, schema: StreamSchema): readonly FeedColumn[] {
  return withUniqueNames([
    ...FINAL_COLUMNS,
    ...groupBy.map((name): FeedColumn => {
      const type = fieldByName(schema, name)?.type ?? 'string';
      return { name, type, of: { kind: 'group', name } };
    }),
    ...measures.map((measure): FeedColumn => {
      const { name } = measure;
      return { name, type: measureType(measure), of: { kind: 'measure', name } };
    }),
  ]);
}

/** The type of a measure's values as results have them. */
function measureType(measure: Measure): FeedColumnType {
  switch (measure.kind) {
    case 'count':
    case 'distinct':
    case 'approx_distinct':
      return 'int';
    case 'rate':
    case 'stddev':
      return 'double';
    case 'avg':
      return measure.fieldType === 'money' ? 'decimal' : 'double';
    case 'collect':
      return measure.fieldType === 'string' ? 'strings' : 'json';
    case 'top':
      return 'json';
    case 'derived':
      return measure.type === 'null' ? 'double' : (measure.type satisfies FieldType);
    default:
      return measure.fieldType;
  }
}
