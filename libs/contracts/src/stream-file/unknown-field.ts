import { withArticle } from './expression-types';
import type { ScopeName } from './expression-scope';
import { didYouMean } from './nearest-name';

/** What is said of a name that no field has. */
export function unknownField(name: string, fields: ReadonlyMap<string, Pick<ScopeName, 'type'>>): string {
  const names = [...fields.keys()];
  const within = names.filter((field) => field.startsWith(`${name}.`));
  if (within.length > 0) return `${name} is an object: a field within it has a value, such as ${within.join(', ')}`;
  const above = names.find((field) => name.startsWith(`${field}.`));
  const type = above === undefined ? null : (fields.get(above)?.type ?? null);
  if (type !== null) return `${above} is ${withArticle(type)} and has no members, so there is no ${name}`;
  return `there is no field ${name}: ${didYouMean(name, names)}`;
}
