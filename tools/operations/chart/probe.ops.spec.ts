import { readFileSync } from 'node:fs';
import { Platform, until, WRITE_KEY } from '../../e2e/platform';
import { startTill } from '../../e2e/till';
import { named, podOf } from './chart-objects';
import { Helm } from './helm';
import { COMMON, merged } from './values';

jest.setTimeout(120_000);

const helm = Helm.find('what `helm test` runs');
const describeIfThere = helm ? describe : describe.skip;
const commerceText = (): string => readFileSync('deploy/streams/commerce.yaml', 'utf8');

describeIfThere('what `helm test` runs', () => {
  const platform = new Platform(commerceText, { TILLSTREAM_WRITE_KEY: WRITE_KEY });
  const address = (service: string): { http: number; grpc: number | null } =>
    platform.processes.find((one) => one.service === service) ?? { http: 0, grpc: 0 };

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll();
  }, 120_000);
  afterAll(async () => {
    helm?.close();
    await platform.stop();
  }, 60_000);

  /** The arguments of the chart's pod, with the addresses and the stream of this platform in place of a cluster's. */
  async function args(): Promise<string[]> {
    const values = merged(COMMON, { streams: { files: { 'clicks.yaml': commerceText() } } });
    const pod = podOf(named(await helm!.objects(values), 'Pod', 'shop-test'));
    const here: Readonly<Record<string, string>> = {
      commerce: platform.stream,
      'http://shop-gateway:8080': `http://127.0.0.1:${address('gateway').http}`,
      'shop-query-api-pods:50052': `127.0.0.1:${address('query-api').grpc ?? 0}`,
    };
    return (pod?.containers[0]?.args ?? []).map((arg) => here[arg] ?? arg);
  }

  it('sends an event, and ends well when a number of the query API has changed by it', async () => {
    const probe = await args();
    await until('the services to be ready', 60_000, async () => (await startTill(platform, probe).outcome).code === 0);
    const { code, stdout, stderr } = await startTill(platform, probe).outcome;
    expect([code, stderr]).toEqual([0, expect.stringContaining('after the gateway had accepted the event')]);
    const row = JSON.parse(stdout) as { readonly metric: string; readonly measures: object };
    expect(row).toMatchObject({ metric: 'top_products_by_views' });
    expect(JSON.stringify(row.measures)).toContain('tillstream-probe');
  });

  it('ends badly when nothing changes', async () => {
    const probe = await args();
    for (const process of platform.processes) if (process.service === 'aggregator') await platform.kill(process);
    const { code, stderr } = await startTill(platform, [...probe, '--timeout', '2s']).outcome;
    expect([code, stderr]).toEqual([1, expect.stringContaining('nothing of top_products_by_views has changed')]);
  });
});
