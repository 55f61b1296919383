import { readConfigFile } from './config-file';
import { ConfigError } from './config-error';
import type { Environment } from './parse-environment';

/** Variables from wherever they come. */
export interface ConfiguredEnvironment {
  readonly environment: Environment;
  /** `environment`, or a file and a line, of each that is set. */
  readonly sources: ReadonlyMap<string, string>;
}

const FILE = 'TILLSTREAM_CONFIG_FILE';

/**
 * What the environment says, and below it what the file says that `TILLSTREAM_CONFIG_FILE` names. A variable that is set to
 * nothing counts as not set.
 *
 * @param known names of all services
 * @throws ConfigError with every problem of the file
 */
export function configuredEnvironment(environment: Environment, known: readonly string[]): ConfiguredEnvironment {
  const file = environment[FILE];
  const sources = new Map<string, string>();
  const merged: Record<string, string | undefined> = {};
  if (file !== undefined && file !== '') {
    const { entries, problems } = readConfigFile(file, known);
    if (problems.length > 0) throw new ConfigError(problems);
    for (const { name, value, line } of entries) {
      if (value === '') continue;
      merged[name] = value;
      sources.set(name, `${file}:${line}`);
    }
  }
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value === '') continue;
    merged[name] = value;
    sources.set(name, 'environment');
  }
  return { environment: merged, sources };
}

/** The same problem, with the place of the variable it begins with, if that is in a file. */
export function placed(problem: string, sources: ReadonlyMap<string, string>): string {
  const source = sources.get(/^\w+/.exec(problem)?.[0] ?? '');
  return source === undefined || source === 'environment' ? problem : `${source}: ${problem}`;
}
