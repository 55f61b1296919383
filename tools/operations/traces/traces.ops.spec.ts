import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord } from '@tillstream/engine';
import { Platform, until } from '../../e2e/platform';
import { post } from '../../e2e/through-gateway';
import { till } from '../../e2e/till';
import { commerceText } from '../../oracle/three-metrics';
import { photographZipkin } from './photographs';
import { jaeger, zipkin, type StoredSpan, type TraceStore } from './trace-stores';

const START_MS = Date.now() - 2 * 3_600_000;
const TOLD_WITHIN_MS = 60_000;
/** Windows of revenue_by_category begin so far apart. */
const HOP_MS = 30_000;
const SERVICES = ['gateway', 'enricher', 'aggregator', 'session-tracker', 'sink-writer', 'query-api'] as const;
/** The way of events through the services. */
const FLOW = [
  ['gateway', 'enricher'],
  ['enricher', 'aggregator'],
  ['enricher', 'session-tracker'],
  ['aggregator', 'query-api'],
  ['aggregator', 'sink-writer'],
] as const;

describe.each([
  ['Jaeger', jaeger],
  ['Zipkin', zipkin],
] as const)('a platform that is traced in %s', (name, start) => {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-traces-'));
  const traceId = randomBytes(16).toString('hex');
  let store: TraceStore | null = null;
  let platform: Platform | null = null;

  beforeAll(async () => {
    store = await start(directory);
    if (!store) return;
    platform = new Platform(commerceText, {
      ...store.environment,
      OTEL_BSP_SCHEDULE_DELAY: '200',
      // Of what nobody asks to be sampled only what is wrong or slow is told; and everything is slow.
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
      SLOW_BATCH_MS: '1',
    });
    await platform.createTopics();
    await platform.startAll(SERVICES);
  }, 180_000);

  afterAll(async () => {
    await platform?.stop();
    await store?.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  /** Spans of the trace once they are as expected. */
  async function traceWhen(
    what: string,
    isSo: (spans: readonly StoredSpan[]) => boolean,
  ): Promise<readonly StoredSpan[]> {
    let spans: readonly StoredSpan[] = [];
    await until(what, TOLD_WITHIN_MS, async () => {
      spans = (await store?.trace(traceId)) ?? [];
      return isSo(spans);
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; told: ${spans.map((span) => `${span.service} ${span.name}`).join(', ')}`);
    });
    return spans;
  }

  it('tells the way of one event through every service as one trace', async () => {
    if (!platform) return;
    const answer = await post(platform, purchase('traced', START_MS), { traceparent: contextOf(traceId, '01') });
    expect(answer.status).toBe(202);
    const spans = await traceWhen('the trace to go through every service', (told) => {
      const services = new Set(told.map(({ service }) => service));
      return (
        SERVICES.every((service) => services.has(`tillstream-${service}`)) && did(told, 'merge') && did(told, 'show')
      );
    });
    for (const operation of ['enrich', 'aggregate', 'merge', 'track', 'store', 'show']) {
      expect([operation, did(spans, operation)]).toEqual([operation, true]);
    }
    // One tree: every span but the first, whose parent is the sender's, has its cause in the trace.
    await traceWhen('the trace to be one tree', (told) => {
      const ids = new Set(told.map(({ id }) => id));
      return told.filter(({ parentId }) => parentId === null || !ids.has(parentId)).length === 1;
    });
  }, 90_000);

  it('leads from a final back to the batches that fed it', async () => {
    if (!platform) return;
    await platform.advance(START_MS + 3_600_000);
    const spans = await traceWhen('windows to be closed on behalf of the event', (told) => {
      const ids = new Set(told.map(({ id }) => id));
      const closed = told.filter(({ tags }) => tags['messaging.operation.name'] === 'close');
      const metrics = closed.map(({ tags }) => tags['tillstream.metric']);
      return metrics.includes('revenue_by_category') && closed.every(({ parentId }) => ids.has(parentId ?? ''));
    });
    const byId = new Map(spans.map((span) => [span.id, span]));
    const closings = spans.filter(({ tags }) => tags['messaging.operation.name'] === 'close');
    for (const { parentId } of closings) {
      const cause = byId.get(parentId ?? '')?.tags['messaging.operation.name'];
      expect(['aggregate', 'close']).toContain(cause);
    }
    let told: string[][] = [];
    await until('finals to be told', TOLD_WITHIN_MS, async () => {
      told = (await finalContexts(platform!)).map((context) => context.split('-'));
      return told.length > 0;
    });
    expect(told.filter(([, trace]) => trace !== traceId)).toEqual([]);
    await traceWhen('each final to name the span of its window', (known) => {
      const windows = new Set(known.filter(({ name }) => name.startsWith('close ')).map(({ id }) => id));
      return told.every(([, , span]) => windows.has(span ?? ''));
    });
  }, 90_000);

  it('is what `till explain` names of a number', async () => {
    if (!platform || !store) return;
    const { code, stdout, stderr } = await explain(platform, '--traces', store.pages, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const explained = JSON.parse(stdout) as Explained;
    expect(explained).toMatchObject({ verdict: 'equal', final_trace_id: traceId, trace_ids: [traceId] });
    expect(explained.trace_links).toEqual({ [traceId]: store.pageOf(traceId) });
    const named = (await store.trace(explained.final_trace_id)).map(({ name: span }) => span);
    expect(named).toContain('close revenue_by_category');
  }, 90_000);

  it('goes on with an alert that is opened on behalf of the event', async () => {
    if (!platform) return;
    const { alerts } = platform.definition.topics;
    let opened: readonly string[] = [];
    await until('an alert', TOLD_WITHIN_MS, async () => {
      opened = contextsOf((await platform!.readTopic(alerts)).flat(), 'o|possible_fraud@');
      return opened.length > 0;
    });
    expect(opened.map((context) => context.split('-')[1])).toEqual([traceId]);
    const ends = await traceWhen('the window that has opened the alert to be told', (told) =>
      told.some(({ name: span }) => span === 'close possible_fraud'),
    );
    const end = ends.find(({ name: span }) => span === 'close possible_fraud');
    expect(opened.map((context) => context.split('-')[2])).toEqual([end?.id]);
  }, 90_000);

  it('tells of a slow batch though nobody has asked for it to be sampled', async () => {
    if (!platform) return;
    const unasked = randomBytes(16).toString('hex');
    const answer = await post(platform, purchase('unasked', START_MS), { traceparent: contextOf(unasked, '00') });
    expect(answer.status).toBe(202);
    await until('a slow batch to be told', TOLD_WITHIN_MS, async () => {
      const slow = (await store?.tagged('tillstream-enricher', 'tillstream.kept', 'slow')) ?? [];
      return slow.length > 0;
    });
    expect(await store?.trace(unasked)).toEqual([]);
  }, 90_000);

  it('is shown to people', async () => {
    if (!platform || !store || name !== 'Zipkin') return;
    const links = await linksIn(store.address);
    expect(links).toEqual(expect.arrayContaining(FLOW.map(([parent, child]) => `${parent} > ${child}`)));
    const seen = await photographZipkin(store.address, await linkTo(platform, store));
    if (seen === null) return;
    // Of a long trace the page draws what fits into its window.
    expect(seen).toMatch(new RegExp(`Services\\s+${SERVICES.length}\\s`));
    expect(seen).toContain('tillstream-gateway: post /v1/streams/:stream/events');
  }, 90_000);
});

/** Who causes whose work, in Zipkin's graph of services. */
async function linksIn(address: string): Promise<string[]> {
  const answer = await fetch(`${address}/api/v2/dependencies?endTs=${Date.now()}`);
  const links = (await answer.json()) as { readonly parent: string; readonly child: string }[];
  return links.map(({ parent, child }) => `${parent} > ${child}`.replaceAll('tillstream-', ''));
}

function did(spans: readonly StoredSpan[], operation: string): boolean {
  return spans.some(({ tags }) => tags['messaging.operation.name'] === operation);
}

/** What `till explain` says of the window that the event has fed. */
function explain(platform: Platform, ...options: readonly string[]): ReturnType<typeof till> {
  const window = new Date(Math.floor(START_MS / HOP_MS) * HOP_MS).toISOString();
  const which = ['revenue_by_category', '--window', window, '--group', 'category=books'];
  return till(platform, 'explain', ...which, ...options);
}

interface Explained {
  readonly final_trace_id: string;
  readonly trace_links: Readonly<Record<string, string>>;
}

/** Where it sends people who want to see the trace of the final. */
async function linkTo(platform: Platform, store: TraceStore): Promise<string> {
  const { stdout } = await explain(platform, '--traces', store.pages);
  const [, link = ''] = /^Trace of the final: (.*)$/m.exec(stdout) ?? [];
  return link;
}

/** Contexts in the headers of finals. */
async function finalContexts(platform: Platform): Promise<readonly string[]> {
  return contextsOf((await platform.readTopic(platform.definition.topics.metrics)).flat(), 'f|');
}

function contextsOf(records: readonly LogRecord[], prefix: string): readonly string[] {
  return records.flatMap(({ key, headers }) => {
    const isMeant = Buffer.from(key ?? [])
      .toString()
      .startsWith(prefix);
    const context = headers['traceparent'];
    return isMeant && context ? [Buffer.from(context).toString()] : [];
  });
}

function contextOf(traceId: string, flags: string): string {
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`;
}

/** Of a price that raises an alert. */
function purchase(id: string, timestampMs: number): string {
  return JSON.stringify({
    ...{ event_id: id, event_type: 'purchase', timestamp: new Date(timestampMs).toISOString(), user_id: 'u1' },
    ...{ category: 'books', price: 1200, quantity: 1 },
  });
}
