import { playStalledStore } from '../chaos/scenarios/stalled-store';
import { RedisProxy } from '../chaos/store';
import { Platform, servers } from './platform';

describe('a store that hangs for one partition', () => {
  let proxy: RedisProxy;
  let platform: Platform;

  beforeAll(async () => {
    proxy = await RedisProxy.start(Number(new URL(servers().redisUrl).port));
    platform = new Platform(undefined, { REDIS_URL: proxy.url });
  });
  afterAll(async () => {
    await platform.stop();
    await proxy.stop();
  }, 60_000);

  it('stops no other, and loses nothing of that one', async () => {
    const { problems } = await playStalledStore(platform, proxy, { quietMs: 1_000, stallMs: 8_000 }, () => undefined);
    expect(problems).toEqual([]);
  }, 240_000);
});
