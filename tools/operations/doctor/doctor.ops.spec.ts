import { KafkaAdmin } from '@tillstream/adapter-kafka';
import { Redis } from 'ioredis';
import { Platform, until } from '../../e2e/platform';
import { startTill, type CommandOutcome } from '../../e2e/till';
import { publish } from '../../e2e/through-gateway';
import { startOwnServers, type OwnServers } from '../../rig/own-servers';

const NOTICED_WITHIN_MS = 60_000;

interface Report {
  readonly findings: readonly { readonly severity: string; readonly about: string; readonly what: string }[];
}

/** A platform that is well, and then is not: what is said of it. */
describe('till doctor', () => {
  let servers: OwnServers;
  let platform: Platform;
  let redis: Redis;

  beforeAll(async () => {
    servers = await startOwnServers();
    redis = new Redis(servers.store.address);
    platform = new Platform(undefined, { KAFKA_SESSION_TIMEOUT_MS: '6000' });
    await platform.createTopics();
    await platform.startAll(['gateway', 'enricher', 'aggregator', 'session-tracker', 'sink-writer', 'query-api']);
  }, 180_000);

  afterAll(async () => {
    redis.disconnect();
    await platform.stop();
    await servers.stop();
  }, 120_000);

  function doctor(...args: string[]): Promise<CommandOutcome> {
    const services = platform.processes.flatMap(({ http }) => ['--service', `http://127.0.0.1:${http}`]);
    return startTill(platform, ['doctor', ...services, '--redis', servers.store.address, '--for', '500ms', ...args])
      .outcome;
  }

  async function found(): Promise<string[]> {
    const { findings } = JSON.parse((await doctor('--json')).stdout) as Report;
    return findings.map(({ severity, about, what }) => `${severity}: ${about} ${what}`);
  }

  /** Waits until something is found, and returns all that is. */
  async function foundOnce(expected: RegExp): Promise<string[]> {
    let last: string[] = [];
    await until(`the doctor to say ${String(expected)}`, NOTICED_WITHIN_MS, async () => {
      last = await found();
      return last.some((finding) => expected.test(finding));
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; found instead:\n${last.join('\n')}`);
    });
    return last;
  }

  const purchase = (id: string, at: number): string =>
    JSON.stringify({
      ...{ event_id: id, event_type: 'purchase', timestamp: new Date(at).toISOString(), user_id: id },
      ...{ category: 'books', price: 12, quantity: 1 },
    });

  it('finds nothing wrong with a platform that is well', async () => {
    await publish(
      platform,
      Array.from({ length: 50 }, (_, i) => purchase(`well-${i}`, Date.now())),
    );
    // What has just come may still be on its way.
    let outcome = await doctor();
    await until('nothing to be wrong', NOTICED_WITHIN_MS, async () => {
      outcome = await doctor();
      return outcome.stdout.includes('Nothing is wrong.');
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; said instead:\n${outcome.stdout}`);
    });
    expect(outcome.stdout).toMatch(/Services +6 of 6 ready\nBehind +[\d,]+ records? over [3-9] consumer groups?/);
    expect(outcome.code).toBe(0);
  }, 120_000);

  it('names a sender whose clock is fast, and events that are no events', async () => {
    await publish(platform, [purchase('fast', Date.now() + 240_000)]);
    await foundOnce(/warning: enricher events of \S+ are up to 2[34]\d s ahead of the time they come/);
    await publish(platform, [purchase('too-fast', Date.now() + 600_000)]);
    await foundOnce(/warning: enricher 1 of \d+ events of \S+ became dead letters: in-the-future 1/);
    const { topics } = platform.definition;
    const bad = { key: null, value: new TextEncoder().encode('{"no": "event"'), headers: {} };
    await platform.writer.append(
      topics.raw,
      0,
      Array.from({ length: 20 }, () => bad),
    );
    const findings = await foundOnce(
      /warning: enricher 21 of \d+ events of \S+ became dead letters: \S+ 20, in-the-future 1/,
    );
    expect(findings.join('\n')).toMatch(/note: \S+dead-letters\S* \S+raw\S*\/0 offset \d+, row 0: /);
  }, 180_000);

  it('names a topic and a Redis whose settings break promises', async () => {
    const admin = new KafkaAdmin({ brokers: servers.broker.address.split(','), clientId: 'doctor-spec' });
    await admin.alterConfigs(platform.definition.topics.metrics, { 'cleanup.policy': 'delete' });
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const findings = await foundOnce(/problem: Kafka topic \S+metrics\S+: cleanup.policy/);
    expect(findings.join('\n')).toMatch(/: Redis maxmemory-policy is allkeys-lru/);
    expect((await doctor()).code).toBe(1);
    await admin.alterConfigs(platform.definition.topics.metrics, { 'cleanup.policy': 'compact,delete' });
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await admin.close();
  }, 180_000);

  it('names a service that is away, and the group that nobody is in', async () => {
    await platform.kill(platform.service('enricher'));
    const findings = await foundOnce(/problem: \S+\.enricher has no member/);
    expect(findings.join('\n')).toMatch(/problem: http:\S+ nobody answers: .*ECONNREFUSED/);
    const { stdout } = await doctor();
    expect(stdout).toMatch(/PROBLEM {2}\S+\.enricher has no member, and \d+ records wait\n {2}→ Start a replica/);
  }, 180_000);
});
