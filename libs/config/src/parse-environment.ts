import type { z } from 'zod';
import { ConfigError } from './config-error';
import { nearestName } from './nearest-name';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables by name, each with the parser of its text. */
export type Variables = Readonly<Record<string, z.ZodType<unknown, string | undefined>>>;

/** Values of the variables, parsed. */
export type Values<V extends Variables> = { readonly [Name in keyof V]: z.output<V[Name]> };

/** A rule over several variables: what is wrong, as whole sentences, or nothing. */
export type Rule<V extends Variables> = (values: Values<V>) => readonly string[];

/**
 * Parses the environment. A variable that is set to nothing counts as not set, as in `FOO= npm start`.
 *
 * @throws ConfigError with all problems: each wrong or missing variable, each name that looks like a misspelt one, and, if
 *   all values can be read, each broken rule.
 */
export function parseEnvironment<V extends Variables>(
  variables: V,
  environment: Environment,
  rules: readonly Rule<V>[] = [],
): Values<V> {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const misspelt = misspeltNames(Object.keys(present), Object.keys(variables));
  const problems: string[] = [];
  const values: Record<string, unknown> = {};

  for (const [name, parser] of Object.entries(variables)) {
    const result = parser.safeParse(present[name]);
    if (result.success) values[name] = result.data;
    else if (present[name] !== undefined)
      problems.push(...result.error.issues.map(({ message }) => `${name} ${message}`));
    else if (![...misspelt.values()].includes(name)) problems.push(`${name} must be set`);
  }
  for (const [wrong, right] of misspelt) problems.push(`${wrong} is not known; did you mean ${right}?`);

  if (problems.length === 0) problems.push(...rules.flatMap((rule) => rule(values as Values<V>)));
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Values<V>;
}

/**
 * Names that are set, unknown, and close to a known one that is not set and shares their first word. Other unknown names
 * are left alone: services share one environment, and Kubernetes adds variables of its own.
 */
function misspeltNames(present: readonly string[], known: readonly string[]): Map<string, string> {
  const unset = known.filter((name) => !present.includes(name));
  const misspelt = new Map<string, string>();
  for (const name of present) {
    if (known.includes(name) || COMMON_NAMES.has(name)) continue;
    const candidates = unset.filter((candidate) => firstWord(candidate) === firstWord(name));
    const nearest = nearestName(name, candidates);
    if (nearest !== null) misspelt.set(name, nearest);
  }
  return misspelt;
}

/** Names that others give a meaning, near to ours: programs of the world, and clients of ours that share an environment with services. */
const COMMON_NAMES = new Set([
  ...['HTTP_PROXY', 'REDIS_PORT', 'REDIS_HOST', 'KAFKA_HOME', 'KAFKA_OPTS', 'KAFKA_PORT'],
  ...['TILLSTREAM_READ_KEY', 'TILLSTREAM_WRITE_KEY'],
]);

const firstWord = (name: string): string => name.slice(0, Math.max(name.indexOf('_'), 0));
