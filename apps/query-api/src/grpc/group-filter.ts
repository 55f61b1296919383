import type { ResultValue, ValueMap, ValueMessage } from '@tillstream/contracts';
import type { MetricCodec } from '../results/metric-codec';
import type { GroupFilter } from '../view/row-query';
import { fromMessage } from '../results/values';
import { invalid, listed } from './refusals';

/**
 * The groups of the view that have all of the values; null: every group has.
 * @throws GrpcStatusError INVALID_ARGUMENT for a field that the metric is not grouped by, or a value of another kind
 */
export function groupFilter(codec: MetricCodec, group: ValueMap): GroupFilter | null {
  const wanted = new Map(Object.entries(group).map(([name, message]) => [name, groupValue(codec, name, message)]));
  if (wanted.size === 0) return null;
  if (wanted.size === codec.groups.length) {
    return { only: codec.groupText(Object.fromEntries(wanted)) };
  }
  const tests = codec.groups.flatMap(({ name }, index) =>
    wanted.has(name) ? [{ index, value: wanted.get(name) }] : [],
  );
  const matches = (groupText: string): boolean => {
    const values = JSON.parse(groupText) as ResultValue[];
    return tests.every(({ index, value }) => values[index] === value);
  };
  return { matches };
}

/** A value of a group field as results write it. @throws GrpcStatusError INVALID_ARGUMENT as `groupFilter` does */
export function groupValue(codec: MetricCodec, name: string, message: ValueMessage): ResultValue {
  const { metric, groups } = codec;
  const type = groups.find((candidate) => candidate.name === name);
  if (!type) {
    const fields = groups.length === 0 ? 'it has no groups' : `it is grouped by ${listed(metric.groupBy)}`;
    throw invalid(`metric ${metric.name} has no group field "${name}"; ${fields}`);
  }
  const value = fromMessage(message, type.kind);
  if (value === undefined) throw invalid(`group field ${name} of ${metric.name} wants a value of kind ${type.kind}`);
  return value;
}

/** What stands in the JSON of every group that has all of the values, as records write it: enough to leave out nearly all others. */
export function groupParts(codec: MetricCodec, group: ValueMap): readonly string[] {
  return Object.entries(group).map(([name, message]) => {
    return `${JSON.stringify(name)}:${JSON.stringify(groupValue(codec, name, message))}`;
  });
}
