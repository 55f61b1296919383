import { problemsOf } from './verify-redis';

const codesOf = (info: Record<string, string>, save: string | null = '3600 1'): string[] =>
  problemsOf(new Map(Object.entries({ redis_version: '7.0.15', ...info })), save).map(
    ({ severity, code }) => `${severity}: ${code}`,
  );

describe('a Redis server for checkpoints', () => {
  it('is as it should be when it evicts nothing and keeps a file', () => {
    expect(codesOf({ maxmemory: '0', maxmemory_policy: 'noeviction', aof_enabled: '1' }, '')).toEqual([]);
    expect(codesOf({ maxmemory: '1000', maxmemory_policy: 'noeviction', aof_enabled: '0' })).toEqual([]);
  });

  it.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])('must not evict by %s', (maxmemory_policy) => {
    expect(codesOf({ maxmemory: '1000', maxmemory_policy })).toEqual(['error: MAY_EVICT']);
    expect(codesOf({ maxmemory: '0', maxmemory_policy })).toEqual(['warning: MAY_EVICT']);
  });

  it('had better keep a file', () => {
    expect(codesOf({ aof_enabled: '0' }, '')).toEqual(['warning: NOT_PERSISTENT']);
  });

  it('is trusted to keep snapshots where its settings cannot be read', () => {
    expect(codesOf({ aof_enabled: '0' }, null)).toEqual([]);
  });

  it.each([
    ['6.0.9', false],
    ['5.0.14', false],
    ['6.2.0', true],
    ['7.4.1', true],
    ['8.0.0', true],
  ])('of version %s is new enough: %s', (redis_version, enough) => {
    expect(codesOf({ redis_version })).toEqual(enough ? [] : ['error: VERSION_TOO_OLD']);
  });

  it('comes with what to do about each problem', () => {
    const problems = problemsOf(
      new Map([
        ['redis_version', '5.0.0'],
        ['maxmemory_policy', 'allkeys-lru'],
      ]),
      '',
    );
    expect(problems).toHaveLength(3);
    for (const { message, remedy } of problems) expect([message, remedy].every((text) => text.length > 20)).toBe(true);
  });
});
