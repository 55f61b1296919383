import {
  fromTimestamp,
  toTimestamp,
  type MetricMessage,
  type ValueMessage,
  type WindowResultMessage,
} from '@tillstream/contracts';
import { sumOfDecimals } from './decimal-sum';
import { sumOfSeries } from './prometheus-text';
import type { QueryClient } from '../rig/query-client';

/** What the view shows. What could not be learned is null: the view goes on while a service is away. */
export interface Snapshot {
  readonly eventsPerSecond: number | null;
  readonly lagRecords: number | null;
  /** The newest last. */
  readonly revenue: readonly RevenueWindow[];
  readonly funnel: Funnel | null;
  readonly topUsers: readonly Ranked[];
  readonly bestSellers: BestSellers | null;
}

/** The products that have brought in most in the newest window. */
export interface BestSellers {
  readonly startMs: number;
  readonly endMs: number;
  readonly products: readonly Ranked[];
}

export interface RevenueWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly total: string;
  readonly final: boolean;
  readonly categories: readonly Ranked[];
}

export interface Ranked {
  readonly name: string;
  readonly amount: string;
}

export interface Funnel {
  readonly startMs: number;
  readonly endMs: number;
  readonly visitors: string;
  readonly carts: string;
  readonly purchasers: string;
}

export interface Sources {
  readonly stream: string;
  /** Base URL of the gateway. */
  readonly gateway: string;
  /** Base URLs of the services that have a lag. */
  readonly tasks: readonly string[];
  readonly query: QueryClient;
}

const REVENUE_WINDOWS = 3;
const TOP = 3;

/** Looks at the platform from outside, once in a while. */
export class Observer {
  private acknowledged: { readonly events: number; readonly atMs: number } | null = null;

  constructor(private readonly sources: Sources) {}

  async observe(): Promise<Snapshot> {
    const metrics = await this.metrics();
    const [eventsPerSecond, lagRecords, revenue, funnel, topUsers, bestSellers] = await Promise.all([
      this.eventsPerSecond().catch(() => null),
      this.lagRecords().catch(() => null),
      this.revenue(metrics).catch(() => []),
      this.funnel(metrics).catch(() => null),
      this.topUsers(metrics).catch(() => []),
      this.bestSellers(metrics).catch(() => null),
    ]);
    return { eventsPerSecond, lagRecords, revenue, funnel, topUsers, bestSellers };
  }

  private async metrics(): Promise<readonly MetricMessage[]> {
    const { stream, query } = this.sources;
    return query.listMetrics({ stream }).then(
      ({ metrics }) => metrics,
      () => [],
    );
  }

  private async eventsPerSecond(): Promise<number | null> {
    const events = sumOfSeries(await read(this.sources.gateway), 'tillstream_ingest_events_total') ?? 0;
    const atMs = performance.now();
    const before = this.acknowledged;
    this.acknowledged = { events, atMs };
    if (before === null || events < before.events) return null; // the first look, or the gateway began anew
    return ((events - before.events) * 1000) / (atMs - before.atMs);
  }

  private async lagRecords(): Promise<number> {
    const texts = await Promise.all(this.sources.tasks.map(read));
    return texts.reduce((sum, text) => sum + (sumOfSeries(text, 'tillstream_lag_records') ?? 0), 0);
  }

  private async revenue(metrics: readonly MetricMessage[]): Promise<RevenueWindow[]> {
    const metric = find(metrics, 'revenue_by_category');
    if (!metric?.newestWindow || !metric.windowHop) return [];
    const hopMs = Number(metric.windowHop.seconds) * 1000;
    const { windows } = await this.sources.query.listWindows({
      stream: metric.stream,
      metric: metric.name,
      from: toTimestamp(fromTimestamp(metric.newestWindow) - (REVENUE_WINDOWS - 1) * hopMs),
    });
    const byStart = Map.groupBy(windows, (window) => instant(window.start));
    return [...byStart.values()].map(revenueWindow);
  }

  private async funnel(metrics: readonly MetricMessage[]): Promise<Funnel | null> {
    const [window] = await this.top(find(metrics, 'conversion_funnel'), 'unique_visitors', 1);
    if (!window) return null;
    const measure = (name: string) => show(window.measures[name]);
    return {
      startMs: instant(window.start),
      endMs: instant(window.end),
      visitors: measure('unique_visitors'),
      carts: measure('cart_users'),
      purchasers: measure('purchasers'),
    };
  }

  private async topUsers(metrics: readonly MetricMessage[]): Promise<Ranked[]> {
    const windows = await this.top(find(metrics, 'high_value_users'), 'total_spent', TOP);
    return windows.map(({ group, measures }) => ({
      name: show(group['user_id']),
      amount: show(measures['total_spent']),
    }));
  }

  private async bestSellers(metrics: readonly MetricMessage[]): Promise<BestSellers | null> {
    const [window] = await this.top(find(metrics, 'top_products_by_revenue'), 'total_revenue', 1);
    const ranking = window?.measures['top_products']?.ranking;
    if (!window || !ranking) return null;
    const products = ranking.values.slice(0, TOP).map(({ value, amount }) => ({
      name: show(value ?? undefined),
      amount: show(amount ?? undefined),
    }));
    return { startMs: instant(window.start), endMs: instant(window.end), products };
  }

  private async top(metric: MetricMessage | undefined, measure: string, limit: number) {
    if (!metric?.newestWindow) return [];
    const { windows } = await this.sources.query.topGroups({
      stream: metric.stream,
      metric: metric.name,
      measure,
      limit,
    });
    return windows;
  }
}

function revenueWindow(groups: readonly WindowResultMessage[]): RevenueWindow {
  const [first] = groups;
  const amounts = groups.map(({ group, measures }) => ({
    name: show(group['category']),
    amount: measures['total_revenue']?.decimal ?? '0',
  }));
  amounts.sort((a, b) => Number(b.amount) - Number(a.amount));
  return {
    startMs: instant(first?.start ?? null),
    endMs: instant(first?.end ?? null),
    total: sumOfDecimals(amounts.map(({ amount }) => amount)),
    final: groups.every(({ final }) => final),
    categories: amounts.slice(0, TOP),
  };
}

const find = (metrics: readonly MetricMessage[], name: string) => metrics.find((metric) => metric.name === name);

const instant = (timestamp: WindowResultMessage['start']): number => (timestamp ? fromTimestamp(timestamp) : 0);

const show = (value: ValueMessage | undefined): string => value?.decimal ?? value?.integer ?? value?.text ?? '–';

async function read(base: string): Promise<string> {
  const answer = await fetch(`${base}/metrics`, { signal: AbortSignal.timeout(2_000) });
  return answer.text();
}
