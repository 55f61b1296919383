import type { RedisServer } from '@tillstream/adapter-redis';
import { ConfigError, parseEnvironment, redisConfig, redisRule, redisVariables } from '@tillstream/config';
import { CliError } from '../cli-context';

/** Where the services have their Redis: as an option says, or their variables; null: nobody says. */
export function redisServerOf(
  url: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): RedisServer | null {
  const told = Object.fromEntries(Object.keys(redisVariables).map((name) => [name, environment[name]]));
  if (url !== undefined) told['REDIS_URL'] = url;
  if (!told['REDIS_URL'] && !told['REDIS_SENTINELS']) return null;
  try {
    return redisConfig(parseEnvironment(redisVariables, told, [redisRule]));
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(error.message);
    throw error;
  }
}
