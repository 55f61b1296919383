import { connectRedis } from './connect-redis';
import { redisUrlForTests } from './testing/redis-for-tests';
import { verifyRedis } from './verify-redis';

it('finds no error in a server that was started for the platform', async () => {
  const redis = connectRedis({ url: redisUrlForTests() });
  const problems = await verifyRedis(redis);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  redis.disconnect();
});
