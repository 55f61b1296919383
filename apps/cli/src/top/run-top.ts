import type { MetricMessage } from '@tillstream/contracts';
import type { CliClock } from '../cli-clock';
import type { CliContext } from '../cli-context';
import type { QueryClient } from '../query/query-client';
import { metricNamed } from '../query/query-options';
import { renderLine, renderPage, type Vitals } from './render-top';
import { scrape, type Scrape } from './scrape';
import { WatchedMetric } from './watched-metric';

export interface TopOptions {
  readonly stream: string;
  readonly everyMs: number;
  /** Stop after so many pictures. */
  readonly count: number;
  readonly plain: boolean;
  /** Which metrics, in this order; empty: all of the stream. */
  readonly metrics: readonly string[];
  /** Name of a service → address of its metrics. */
  readonly services: ReadonlyMap<string, string>;
}

const EVENTS = 'tillstream_ingest_events_total';
const REJECTED = 'tillstream_ingest_rejected_total';
const LAG = ['tillstream_lag_records', 'tillstream_view_lag_records'];

/** Shows what comes out, and how the services do, until interrupted. */
export async function runTop(
  client: QueryClient,
  options: TopOptions,
  context: CliContext,
  clock: CliClock,
): Promise<void> {
  const watched = (await askedFor(client, options)).map((metric) => new WatchedMetric(metric));
  const done = new AbortController();
  const signal = AbortSignal.any([context.signal, done.signal]);
  const watches = Promise.all(watched.map((metric) => keepWatching(client, metric, options.stream, clock, signal)));
  try {
    await Promise.race([draw(watched, options, context, clock, signal), watches]);
  } finally {
    done.abort();
    await watches;
  }
}

async function askedFor(client: QueryClient, { stream, metrics }: TopOptions): Promise<readonly MetricMessage[]> {
  if (metrics.length === 0) return (await client.listMetrics({ stream })).metrics;
  const found: MetricMessage[] = [];
  for (const name of metrics) found.push(await metricNamed(client, stream, name));
  return found;
}

async function keepWatching(
  client: QueryClient,
  watched: WatchedMetric,
  stream: string,
  clock: CliClock,
  signal: AbortSignal,
): Promise<void> {
  const request = { stream, metric: watched.metric.name, newestWindows: watched.windows };
  for await (const news of client.watch(request, clock, signal)) {
    if (news.kind === 'message') watched.take(news.message);
    else watched.lost = true;
  }
}

async function draw(
  watched: readonly WatchedMetric[],
  { stream, everyMs, count, plain, services }: TopOptions,
  context: CliContext,
  clock: CliClock,
  signal: AbortSignal,
): Promise<void> {
  const vitals = new VitalsReader(stream, services, clock);
  await vitals.read(); // a rate needs two readings
  let linesDrawn = 0;
  for (let drawn = 0; drawn < count; drawn += 1) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    const now = await vitals.read();
    if (context.isTerminal && !plain) {
      const lines = renderPage(stream, now, watched, context);
      // Back to the first line of the last picture, and over it.
      const back = linesDrawn > 0 ? `\u001b[${linesDrawn}A` : '';
      context.write(`${back}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
      linesDrawn = lines.length;
    } else {
      context.write(`${renderLine(now, watched)}\n`);
    }
  }
}

/** Asks the services how they do; rates are between two readings. */
class VitalsReader {
  private before: { readonly events: number; readonly atMs: number } | null = null;

  constructor(
    private readonly stream: string,
    private readonly services: ReadonlyMap<string, string>,
    private readonly clock: CliClock,
  ) {}

  async read(): Promise<Vitals> {
    const names = [...this.services.keys()];
    const scrapes = await Promise.all(names.map((name) => scrape(this.services.get(name)!, this.stream)));
    const accepted = sumIn(scrapes, EVENTS);
    return {
      nowMs: this.clock.nowMs(),
      eventsPerSecond: this.rate(accepted),
      accepted,
      rejected: sumIn(scrapes, REJECTED),
      lag: sumIn(scrapes, ...LAG),
      away: names.filter((_, index) => scrapes[index] === null),
    };
  }

  private rate(events: number | null): number | null {
    const atMs = this.clock.monotonicMs();
    const { before } = this;
    this.before = events === null ? null : { events, atMs };
    // Fewer than before: the gateway has started anew.
    if (events === null || before === null || events < before.events || atMs === before.atMs) return null;
    return ((events - before.events) * 1000) / (atMs - before.atMs);
  }
}

function sumIn(scrapes: readonly (Scrape | null)[], ...names: readonly string[]): number | null {
  const found = scrapes.flatMap((numbers) => names.flatMap((name) => numbers?.get(name) ?? []));
  return found.length === 0 ? null : found.reduce((sum, value) => sum + value, 0);
}
