import { createHash } from 'node:crypto';
import type { RedisCommands } from './open-redis';

/** A script that Redis knows by its hash. Redis forgets scripts when it restarts, fails over or is told to. */
export class RedisScript {
  readonly #hash: string;

  constructor(readonly source: string) {
    this.#hash = createHash('sha1').update(source).digest('hex');
  }

  /** Texts in the reply are buffers. Sends the source when Redis does not know the script. */
  async run(
    redis: Pick<RedisCommands, 'callBuffer'>,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    try {
      return await redis.callBuffer('EVALSHA', this.#hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.callBuffer('EVAL', this.source, keys.length, ...keys, ...args);
    }
  }
}
