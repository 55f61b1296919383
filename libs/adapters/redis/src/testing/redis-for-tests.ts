import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';

/** The server that the environment names. @throws Error that says how to get one. */
export function redisUrlForTests(): string {
  const url = process.env['REDIS_URL'];
  if (url === undefined || url === '') {
    throw new Error(
      'REDIS_URL is not set: tests of the Redis adapter need a server, for example REDIS_URL=redis://127.0.0.1:16379',
    );
  }
  return url;
}

/** Before every key of one test, and of no other. */
export function aKeyPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}:`;
}

export async function keysBehind(redis: Redis, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const found of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) keys.push(...(found as string[]));
  return keys;
}

export async function deleteBehind(redis: Redis, prefix: string): Promise<void> {
  const keys = await keysBehind(redis, prefix);
  if (keys.length > 0) await redis.unlink(...keys);
}
