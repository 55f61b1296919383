import type { Redis } from 'ioredis';
import type { RedisConnection } from './open-redis';

/** Why a Redis server should not hold checkpoints, and what to do about it. */
export interface RedisProblem {
  /** With an error the promises do not hold; with a warning recovery costs more. */
  readonly severity: 'error' | 'warning';
  readonly code: 'VERSION_TOO_OLD' | 'MAY_EVICT' | 'NOT_PERSISTENT' | 'IS_CLUSTER' | 'IS_SENTINEL' | 'IS_REPLICA';
  readonly message: string;
  readonly remedy: string;
}

const OLDEST_VERSION = [6, 2] as const;

/**
 * Asks each server that takes writes what it is, and returns what speaks against it.
 * @throws when one does not answer, with what keeps it from being reached as its cause
 */
export async function verifyConnection(connection: RedisConnection): Promise<RedisProblem[]> {
  const { isCluster } = connection;
  try {
    const found = await Promise.all((await connection.masters()).map((master) => verifyRedis(master, { isCluster })));
    // What is wrong with all nodes of a Cluster is said once.
    return [...new Map(found.flat().map((problem) => [problem.message, problem])).values()];
  } catch (error) {
    const cause = connection.trouble();
    throw cause === null ? error : new Error((error as Error).message, { cause });
  }
}

/** Asks a server what it is, and returns what speaks against it. @throws when it does not answer. */
export async function verifyRedis(redis: Redis, { isCluster = false } = {}): Promise<RedisProblem[]> {
  const info = parseInfo(await redis.info());
  // Managed servers often forbid CONFIG: then snapshots are taken on trust.
  const save = await redis.config('GET', 'save').then(
    (reply) => (Array.isArray(reply) ? String(reply[1] ?? '') : ''),
    () => null,
  );
  return [...roleProblems(info, isCluster), ...problemsOf(info, save)];
}

/** A server may answer, and still be none to write to. */
export function roleProblems(info: ReadonlyMap<string, string>, isCluster: boolean): RedisProblem[] {
  const mode = info.get('redis_mode');
  const error = (code: RedisProblem['code'], message: string, remedy: string): RedisProblem[] => [
    { severity: 'error', code, message, remedy },
  ];
  if (mode === 'sentinel')
    return error(
      'IS_SENTINEL',
      'REDIS_URL names a Sentinel',
      'Name it in REDIS_SENTINELS, and the master in REDIS_SENTINEL_MASTER.',
    );
  if (mode === 'cluster' && !isCluster)
    return error('IS_CLUSTER', 'REDIS_URL names a node of a Redis Cluster', 'Set REDIS_CLUSTER=true.');
  if (info.get('role') === 'slave')
    return error(
      'IS_REPLICA',
      'Redis is a replica, which takes no writes',
      'Name the master in REDIS_URL, or the Sentinels in REDIS_SENTINELS.',
    );
  return [];
}

/**
 * @param info names and values of `INFO`
 * @param save the setting of that name; null when it could not be read
 */
export function problemsOf(info: ReadonlyMap<string, string>, save: string | null): RedisProblem[] {
  return [...versionProblems(info), ...evictionProblems(info), ...persistenceProblems(info, save)];
}

function versionProblems(info: ReadonlyMap<string, string>): RedisProblem[] {
  const version = info.get('redis_version') ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor >= OLDEST_VERSION[1])) return [];
  return [
    {
      severity: 'error',
      code: 'VERSION_TOO_OLD',
      message: `Redis ${version} is older than ${OLDEST_VERSION.join('.')}`,
      remedy: 'Use Redis 6.2 or newer, or Valkey.',
    },
  ];
}

/** A server without a limit evicts nothing, whatever its policy; but the limit may be set while it runs. */
function evictionProblems(info: ReadonlyMap<string, string>): RedisProblem[] {
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (policy === 'noeviction') return [];
  const limited = Number(info.get('maxmemory') ?? 0) > 0;
  return [
    {
      severity: limited ? 'error' : 'warning',
      code: 'MAY_EVICT',
      message: `maxmemory-policy is ${policy}: ${limited ? 'a full server throws checkpoints away' : 'with a memory limit checkpoints would be thrown away'}`,
      remedy: 'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf.',
    },
  ];
}

function persistenceProblems(info: ReadonlyMap<string, string>, save: string | null): RedisProblem[] {
  if (info.get('aof_enabled') === '1' || save !== '') return [];
  return [
    {
      severity: 'warning',
      code: 'NOT_PERSISTENT',
      message:
        'neither an append-only file nor snapshots are kept: after a restart of Redis all state is rebuilt from the log',
      remedy: 'CONFIG SET appendonly yes, and the same in redis.conf.',
    },
  ];
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
