import type { ResultValue } from '@tillstream/contracts';
import { parseInstant } from '@tillstream/contracts';
import type { FieldType, GroupValue, MetricDefinition, StreamSchema } from '@tillstream/core';
import { fieldByName, parseMoney } from '@tillstream/core';

/**
 * The values of a group as results write them (money as decimal text, instants as ISO text), as the engine knows them.
 * Null: a field is missing, or a value is not of its type.
 */
export function groupValuesOf(
  group: Readonly<Record<string, ResultValue>>,
  metric: MetricDefinition,
  schema: StreamSchema,
): GroupValue[] | null {
  const values: GroupValue[] = [];
  for (const name of metric.groupBy) {
    const type = fieldByName(schema, name)?.type;
    const value = group[name];
    const parsed = type === undefined || value === undefined ? undefined : valueOf(value, type, schema);
    if (parsed === undefined) return null;
    values.push(parsed);
  }
  return values;
}

function valueOf(value: ResultValue, type: FieldType, { money }: StreamSchema): GroupValue | undefined {
  if (value === null) return null;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'money':
      return typeof value === 'string' ? parseMoney(value, money.exponent)?.minor : undefined;
    case 'timestamp':
      return parseInstant(value) ?? undefined;
    case 'int':
    case 'double':
      return typeof value === 'number' ? value : undefined;
  }
}
