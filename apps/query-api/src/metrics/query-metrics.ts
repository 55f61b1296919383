import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ResultFollower } from '../results/result-follower';
import type { FollowedTopic } from '../visits/followed-visits';

export interface QueryMetrics {
  /** @param status gRPC status, as `OK` */
  answered(method: string, status: string, seconds: number): void;
  watchers(change: number): void;
  watchMessage(): void;
  readFailed(stream: string): void;
  /** A result can be seen from now on. */
  visible(stream: string, kind: 'provisional' | 'final', seconds: number): void;
}

const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const VISIBLE_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Registers what the service measures. Sizes and lag are asked for at each scrape. */
export function createQueryMetrics(
  registry: Registry,
  followers: readonly ResultFollower[],
  visits: readonly FollowedTopic[],
): QueryMetrics {
  const registers = [registry];
  const requests = new Histogram({
    name: 'tillstream_query_seconds',
    help: 'Duration of unary calls.',
    labelNames: ['method'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const answers = new Counter({
    name: 'tillstream_queries_total',
    help: 'Unary calls by what they were answered with: OK, or the name of a gRPC status.',
    labelNames: ['method', 'code'],
    registers,
  });
  const visible = new Histogram({
    name: 'tillstream_visible_seconds',
    help: 'From the append of the oldest raw event that waited for a result, or let its window close, until it can be read here.',
    labelNames: ['stream', 'kind'],
    buckets: VISIBLE_BUCKETS,
    registers,
  });
  const watchers = new Gauge({ name: 'tillstream_watches', help: 'Watches under way.', registers });
  const messages = new Counter({
    name: 'tillstream_query_watch_messages_total',
    help: 'Messages made for watchers.',
    registers,
  });
  const failures = new Counter({
    name: 'tillstream_query_read_failures_total',
    help: 'Times the results could not be read from the log.',
    labelNames: ['stream'],
    registers,
  });
  registerLag(registry, [...followers.map(resultsOf), ...visits]);
  registerViews(registry, followers);
  registerVisits(registry, visits);
  return {
    answered: (method, code, seconds) => {
      requests.observe({ method }, seconds);
      answers.inc({ method, code });
    },
    watchers: (change) => watchers.inc(change),
    watchMessage: () => messages.inc(),
    readFailed: (stream) => failures.inc({ stream }),
    visible: (stream, kind, seconds) => visible.observe({ stream, kind }, seconds),
  };
}

/** What is followed of a stream: its results, or what it tells of visits. */
type Lagging = Pick<FollowedTopic, 'stream' | 'topic'> & { readonly follower: Pick<ResultFollower, 'lag'> };

const resultsOf = (follower: ResultFollower): Lagging => ({
  stream: follower.stream.name,
  topic: follower.stream.definition.topics.metrics,
  follower,
});

function registerLag(registry: Registry, followed: readonly Lagging[]): void {
  new Gauge({
    name: 'tillstream_view_lag_records',
    help: 'Records of a topic that cannot be read here yet.',
    labelNames: ['stream', 'topic', 'partition'],
    registers: [registry],
    async collect() {
      await Promise.all(
        followed.map(async ({ stream, topic, follower }) => {
          // While the log is away its lag is not known: the last value stays, and the failures are counted.
          const lag = await follower.lag().catch(() => []);
          lag.forEach((records, partition) => this.set({ stream, topic, partition }, records));
        }),
      );
    },
  });
}

function registerViews(registry: Registry, followers: readonly ResultFollower[]): void {
  const measured = [
    ['tillstream_view_rows', 'Rows held, marks of rows that disappeared included.', 'rows'],
    ['tillstream_query_view_dropped_windows', 'Windows dropped since the start for want of room.', 'droppedWindows'],
    ['tillstream_query_view_refused_records', 'Records of dropped windows, not taken.', 'refusedRecords'],
  ] as const;
  for (const [name, help, property] of measured) {
    new Gauge({
      name,
      help,
      labelNames: ['stream'],
      registers: [registry],
      collect() {
        for (const { stream } of followers) this.set({ stream: stream.name }, stream.view[property]);
      },
    });
  }
  new Gauge({
    name: 'tillstream_query_unknown_records',
    help: 'Records read since the start that are of no metric as it is declared now.',
    labelNames: ['stream'],
    registers: [registry],
    collect() {
      for (const { stream } of followers) this.set({ stream: stream.name }, stream.unknownRecords);
    },
  });
}

function registerVisits(registry: Registry, visits: readonly FollowedTopic[]): void {
  new Gauge({
    name: 'tillstream_query_view_visits',
    help: 'Sessions or purchases held, by the topic they come from.',
    labelNames: ['stream', 'topic'],
    registers: [registry],
    collect() {
      for (const { stream, topic, rows } of visits) this.set({ stream, topic }, rows);
    },
  });
}
