import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { findPrometheus } from '@tillstream/local';
import { startPrometheus, startRedis } from '@tillstream/local';
import { stringify } from 'yaml';
import type { ServiceName, ServiceProcess } from '../../e2e/platform';
import { Platform, SERVICES, WRITE_KEY, servers } from '../../e2e/platform';
import { sabotaged } from '../../e2e/sabotage';
import type { RunningCommand } from '../../e2e/till';
import { startTill } from '../../e2e/till';
import { commerceText } from '../../oracle/three-metrics';
import { PrometheusClient } from './prometheus-client';
import { hurried, shippedRules } from './rules';

/** Minutes of the rules pass in a twentieth: what they look at within five still holds five scrapes. */
const HURRY = 20;
const SCRAPE = '3s';
const HISTORY_MS = 2 * 3_600_000;
const HISTORY_EVENTS = 6_000;
const RATE = '60';

type PrometheusPrograms = NonNullable<ReturnType<typeof findPrometheus>>;
type Redis = Awaited<ReturnType<typeof startRedis>>;
type Prometheus = Awaited<ReturnType<typeof startPrometheus>>;

/** The shop's whole stream, on a platform with a Redis of its own, watched by a real Prometheus with the shipped rules. */
export class WatchedPlatform {
  private sender: RunningCommand | null = null;

  private constructor(
    private readonly directory: string,
    readonly platform: Platform,
    private redis: Redis,
    private readonly prometheus: Prometheus,
    readonly client: PrometheusClient,
  ) {}

  static async start(programs: PrometheusPrograms): Promise<WatchedPlatform> {
    const directory = mkdtempSync(join(tmpdir(), 'tillstream-alerts-'));
    const redis = await startRedis({ dataDir: join(directory, 'redis') });
    const place = { brokers: servers().brokers, redisUrl: redis.address, directory };
    const platform = new Platform(() => withQuickLake(commerceText()), sabotaged(directory), place);
    const scraped = join(directory, 'prometheus');
    mkdirSync(scraped);
    writeFileSync(join(scraped, 'alerts.yaml'), stringify(hurried(shippedRules(), HURRY)));
    const prometheus = await startPrometheus({ dataDir: scraped, config: stringify(CONFIG), programs });
    const watched = new WatchedPlatform(
      directory,
      platform,
      redis,
      prometheus,
      new PrometheusClient(prometheus.address),
    );
    await platform.createTopics();
    await platform.startAll([...SERVICES, 'sink-writer']);
    watched.announce();
    await watched.sendHistory();
    watched.sendOn();
    return watched;
  }

  async stop(): Promise<void> {
    this.sender?.kill();
    await this.prometheus.stop();
    await this.platform.stop();
    await this.redis.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Names of the alerts that fire. */
  async firing(): Promise<readonly string[]> {
    const firing = (await this.client.alerts()).filter(({ state }) => state === 'firing');
    return [...new Set(firing.map(({ labels }) => labels['alertname'] ?? ''))].sort();
  }

  async killRedis(): Promise<void> {
    await this.redis.kill();
  }

  async reviveRedis(): Promise<void> {
    this.redis = await startRedis({ dataDir: this.redis.dataDir, port: this.redis.port });
  }

  /** Ends a service's only process. Prometheus goes on asking for it. */
  async end(service: ServiceName): Promise<ServiceProcess> {
    const process = this.platform.service(service);
    await this.platform.kill(process);
    return process;
  }

  /** Starts another process in place of one that has ended, elsewhere, as a scheduler does. */
  async replace(ended: ServiceProcess): Promise<void> {
    this.platform.processes.splice(this.platform.processes.indexOf(ended), 1);
    await this.platform.ready(await this.platform.start(ended.service));
    this.announce();
  }

  /** Tells Prometheus which processes there should be. */
  private announce(): void {
    const targets = this.platform.processes.map(({ http }) => `127.0.0.1:${http}`);
    const file = join(this.directory, 'prometheus', 'targets.json');
    writeFileSync(`${file}.new`, JSON.stringify([{ targets }]));
    renameSync(`${file}.new`, file);
  }

  /** Two hours of a shop, as fast as they are taken: windows close, and visits end. */
  private async sendHistory(): Promise<void> {
    const start = new Date(Date.now() - HISTORY_MS).toISOString();
    const timeRate = String(HISTORY_EVENTS / (HISTORY_MS / 1000));
    const args = ['--start', start, '--time-rate', timeRate, '--count', String(HISTORY_EVENTS), '--rate', '0'];
    const { code, stderr } = await this.generate(...args).outcome;
    if (code !== 0) throw new Error(stderr);
  }

  private sendOn(): void {
    this.sender = this.generate('--rate', RATE);
  }

  private generate(...args: readonly string[]): RunningCommand {
    const { http } = this.platform.service('gateway');
    const to = ['--to', `http://127.0.0.1:${http}`, '--stream', this.platform.stream, '--key', WRITE_KEY];
    return startTill(this.platform, ['generate', ...to, '--seed', '8', ...args]);
  }
}

/** Rows reach the lake within seconds, so that there is something to be seen. */
function withQuickLake(text: string): string {
  const quick = text.replace(/^lake: \{ /m, 'lake: { roll: { every: 2s }, ');
  if (quick === text) throw new Error('the stream file that is shipped declares its lake in another way');
  return quick;
}

const CONFIG = {
  global: { scrape_interval: SCRAPE, scrape_timeout: SCRAPE, evaluation_interval: '1s' },
  rule_files: ['alerts.yaml'],
  scrape_configs: [{ job_name: 'tillstream', file_sd_configs: [{ files: ['targets.json'], refresh_interval: '1s' }] }],
};
