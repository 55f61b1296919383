import type { FeedValue } from '../feeds/feed';
import type { Value } from './document';

/** Line and column by dotted name, from 1. */
export type Places = Map<string, { readonly line: number; readonly column: number }>;

/**
 * What stands there, for somebody else to check, and where it and what is in it stand.
 *
 * @param name under which its place is noted: `roll`, of what is in it `roll.every`
 */
export function plainSetting(value: Value, name: string, places: Places): FeedValue {
  places.set(name, value.place);
  if (value.isList) {
    return (value.list() ?? []).map((item, i) => plainSetting(item, `${name}.${i}`, places));
  }
  if (!value.isMap) return value.scalar();
  const entries = value.entries() ?? [];
  return Object.fromEntries(
    entries.map((entry) => [entry.key, plainSetting(entry.value, `${name}.${entry.key}`, places)]),
  );
}
