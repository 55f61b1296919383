import type { ConfigError } from './config-error';
import { parseEnvironment } from './parse-environment';
import type { Environment } from './parse-environment';
import { redisConfig, redisRule, redisVariables } from './redis-variables';
import { Authority, FilesForTests } from './testing';

const parsed = (environment: Environment) => redisConfig(parseEnvironment(redisVariables, environment, [redisRule]));

function problemsOf(environment: Environment): readonly string[] {
  try {
    parsed(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('how Redis is reached', () => {
  it('takes what a URL says', () => {
    const { password, ...config } = parsed({ REDIS_URL: 'redis://ann:p%40ss@cache:6380/3' });
    expect(config).toEqual({
      at: { kind: 'single', node: { host: 'cache', port: 6380 } },
      database: 3,
      username: 'ann',
      tls: null,
    });
    expect(password?.()).toBe('p@ss');
  });

  it('takes nodes of a Cluster', () => {
    const { at, tls } = parsed({ REDIS_URL: 'rediss://a:7000, rediss://[::1]', REDIS_CLUSTER: 'true' });
    const nodes = [
      { host: 'a', port: 7000 },
      { host: '::1', port: 6379 },
    ];
    expect([at, tls?.()]).toEqual([{ kind: 'cluster', nodes }, {}]);
  });

  it('takes Sentinels without a URL, with TLS where there are files of it', async () => {
    const files = new FilesForTests();
    const { pem } = await Authority.create('ours');
    const told = { REDIS_SENTINELS: 's1:26379,s2:26379', REDIS_SENTINEL_MASTER: 'main' };
    expect(parsed(told)).toMatchObject({ at: { kind: 'sentinel', master: 'main' }, tls: null });
    expect(parsed({ ...told, REDIS_CA_FILE: files.put('ca.pem', pem) }).tls?.()).toEqual({ ca: pem });
    files.remove();
  });

  it.each<[string, Environment, string]>([
    ['nothing', {}, 'REDIS_URL must be set'],
    [
      'two servers',
      { REDIS_URL: 'redis://a,redis://b' },
      'REDIS_URL names more than one server, so REDIS_CLUSTER must be true',
    ],
    [
      'half of TLS',
      { REDIS_URL: 'redis://a,rediss://b', REDIS_CLUSTER: 'true' },
      'REDIS_URL must begin with rediss:// for all servers or for none',
    ],
    [
      'a database of a Cluster',
      { REDIS_URL: 'redis://a/1', REDIS_CLUSTER: 'true' },
      'REDIS_URL must not name a database, because REDIS_CLUSTER is true: a Cluster has only one',
    ],
    [
      'a path',
      { REDIS_URL: 'redis://a/checkpoints' },
      'REDIS_URL must end with the number of a database, or with none',
    ],
    [
      'a login twice',
      { REDIS_URL: 'redis://ann:x@a', REDIS_PASSWORD: 'y' },
      'REDIS_PASSWORD must not be set, because REDIS_URL has a password',
    ],
    [
      'Sentinels without a master',
      { REDIS_SENTINELS: 's:1' },
      'REDIS_SENTINEL_MASTER must be set, because REDIS_SENTINELS is',
    ],
    [
      'a master without Sentinels',
      { REDIS_URL: 'redis://a', REDIS_SENTINEL_MASTER: 'main' },
      'REDIS_SENTINELS must be set, because REDIS_SENTINEL_MASTER is',
    ],
    [
      'Sentinels of a Cluster',
      { REDIS_URL: 'redis://a', REDIS_CLUSTER: 'true', REDIS_SENTINELS: 's:1', REDIS_SENTINEL_MASTER: 'm' },
      'REDIS_SENTINELS must not be set, because REDIS_CLUSTER is true',
    ],
    [
      'files of TLS without TLS',
      { REDIS_URL: 'redis://a', REDIS_CA_FILE: '/ca.pem' },
      'REDIS_URL must begin with rediss://, because REDIS_CA_FILE is set',
    ],
    ['another scheme', { REDIS_URL: 'http://a' }, 'REDIS_URL must be URLs that begin with redis:// or rediss://'],
  ])('refuses %s', (_what, environment, problem) => {
    expect(problemsOf(environment)).toEqual([problem]);
  });
});
