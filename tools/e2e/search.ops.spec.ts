import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOpenSearch } from '@tillstream/local';
import { HookReceiver } from '../../libs/adapters/webhook/src/testing/hook-receiver';
import { Platform, until } from './platform';
import { publish } from './through-gateway';

jest.setTimeout(300_000);

const WITHIN_MS = 90_000;
const STOPPED_MS = 13_000; // longer than a group waits for a silent member
const EVENTS = 400;
const START_MS = Date.now() - 3_600_000;
const SECRET = 'of this test';

type OpenSearch = Awaited<ReturnType<typeof startOpenSearch>>;

describe('OpenSearch and a webhook, behind a real platform', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-e2e-search-'));
  let store: OpenSearch | null = null;
  let hook: HookReceiver;
  let platform: Platform;
  let published = 0;

  beforeAll(async () => {
    store = await startOpenSearch({ dataDir: directory }).catch((error: unknown) => {
      if (process.env['CI'] !== undefined) throw error;
      process.stderr.write(`skipped: OpenSearch and a webhook, since there is no OpenSearch: ${String(error)}\n`);
      return null;
    });
    if (store === null) return;
    hook = await HookReceiver.start(SECRET);
    const sinks = [
      `search: {type: opensearch, what: [events, finals], where: '${store.address}', prefix: shop, timeout: 3s, index: {number_of_replicas: 0}}`,
      `hook: {type: webhook, what: {events: {columns: [event_id]}}, where: '${hook.url}', timeout: 3s}`,
    ];
    platform = new Platform(
      (text) => `${text.replace(/^lake:.*(\n[ #].*)*\n/m, '')}\nlake: off\nsinks:\n  ${sinks.join('\n  ')}\n`,
      { TILLSTREAM_SINK_HOOK_SECRET: SECRET },
    );
    await platform.createTopics();
    await platform.startAll(['gateway', 'enricher', 'aggregator', 'sink-writer', 'sink-writer']);
  }, 180_000);

  afterAll(async () => {
    await platform?.stop();
    await hook?.leave();
    await store?.kill();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  it('have every row, OpenSearch once, whoever is killed or hangs, the stores too', async () => {
    if (store === null) return;
    const [first, second] = platform.processes.filter(({ service }) => service === 'sink-writer');
    if (!first || !second) throw new Error('two sink-writers were started');
    await publishSome();
    await platform.killAndRestart(first);
    await publishSome();

    second.child.kill('SIGSTOP');
    await store.kill('SIGSTOP');
    let lost = 0;
    hook.reply = () => (++lost % 2 === 0 ? null : { status: 503 }); // takes it and does not say so, or is overloaded
    await publishSome();
    await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
    second.child.kill('SIGCONT');
    await store.kill('SIGCONT');
    hook.reply = () => ({ status: 204 });
    await platform.killAndRestart(second);
    await publishSome();
    await platform.allReady();

    await until('OpenSearch to have all events', WITHIN_MS, async () => (await count('shop-events-*')) === published);
    await until('the webhook to have all events', WITHIN_MS, async () => delivered().size === published);
    const finals = await finalKeys();
    expect(finals.size).toBeGreaterThan(0);
    await until('OpenSearch to have all finals', WITHIN_MS, async () => (await count('shop-finals-*')) === finals.size);
    expect(await distinct('shop-events-*', 'event_id')).toBe(published);
    expect(lost).toBeGreaterThan(1);
  });

  async function publishSome(): Promise<void> {
    const events = Array.from({ length: EVENTS }, (_, i) => anEvent(published + i));
    await publish(platform, events);
    published += events.length;
  }

  function delivered(): ReadonlySet<unknown> {
    return new Set(hook.taken.flatMap(({ rows }) => rows.map(({ values }) => values['event_id'])));
  }

  /** Of finals in their topic, where some may stand twice. */
  async function finalKeys(): Promise<ReadonlySet<string>> {
    const partitions = await platform.readTopic(platform.definition.topics.metrics);
    const keys = partitions.flat().flatMap(({ key, value }) => (key === null || value === null ? [] : [keyText(key)]));
    return new Set(keys.filter((key) => key.startsWith('f|')));
  }

  async function count(pattern: string): Promise<number> {
    await ask(`/${pattern}/_refresh`, 'POST');
    return Number(((await ask(`/${pattern}/_count`, 'GET')) as { readonly count?: unknown }).count);
  }

  async function distinct(pattern: string, field: string): Promise<number> {
    const aggs = { different: { cardinality: { field, precision_threshold: 40_000 } } };
    const answer = await ask(`/${pattern}/_search`, 'POST', { size: 0, aggs });
    return (answer as { readonly aggregations: { readonly different: { readonly value: number } } }).aggregations
      .different.value;
  }

  async function ask(path: string, method: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${(store as OpenSearch).address}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return answer.json();
  }
});

function keyText(key: Uint8Array): string {
  return Buffer.from(key).toString('utf8');
}

function anEvent(n: number): string {
  const kinds = ['page_view', 'add_to_cart', 'purchase'];
  return JSON.stringify({
    event_id: `e${n}`,
    event_type: kinds[n % kinds.length],
    timestamp: new Date(START_MS + n * 500).toISOString(),
    user_id: `u${n % 50}`,
    product_id: `p${n % 7}`,
    category: `c${n % 3}`,
    price: 9.95,
    quantity: 1,
  });
}
