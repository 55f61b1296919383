import { fromTimestamp, type WatchWindowsResponse } from '@tillstream/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../e2e/platform';
import { httpClient, newAgent, Tally } from '../clients';
import { eventOf } from '../events';
import { Gauges, residentMiB } from '../gauges';
import { queryStub } from '../../rig/grpc-stubs';
import { BEHIND_MS, Load } from '../load';
import { Probe } from '../probe';
import { quantiles } from '../report';
import { checkResults } from '../results';
import { Rig } from '../rig';
import type { Extreme } from './scenario';

const READERS = 50;
const SHAPE = { users: 1_000, categories: 5 };
const BODY_EVENTS = 1_000;
const PHASE_MS = 30_000;
const SEND_EVERY_MS = 500;
const PROBE_EVERY_MS = 500;
const CAUGHT_UP_MS = 300_000;

/** Watches that nobody reads from, while results change all the time. */
export const slowReaders: Extreme = {
  name: 'slow-readers',
  about: '50 watches that are not read from',
  run: (report, share) =>
    Rig.with({}, async (rig) => {
      const load = new Load(SHAPE);
      const agent = newAgent();
      const client = httpClient(rig.service('gateway').http, rig.platform.stream, new Tally(), agent);
      const probe = new Probe(rig.platform.stream, rig.grpc('query-api'), client, load);
      const { pid } = rig.service('query-api').child;
      const stopping = new AbortController();
      const sending = (async () => {
        while (!stopping.signal.aborted) {
          const timeMs = Date.now() - BEHIND_MS;
          const events = Array.from({ length: BODY_EVENTS }, () =>
            load.add({ ...eventOf(load.count, timeMs, SHAPE), type: 'purchase', cents: 150_00 }),
          );
          await client.publish(Buffer.from(`[${events.join(',')}]`));
          await sleep(SEND_EVERY_MS);
        }
      })();
      const phaseMs = Math.max(5_000, PHASE_MS * share);
      probe.start(PROBE_EVERY_MS);
      await sleep(phaseMs);

      // 1. Readers that take one message and no more.
      const count = Math.round(READERS * share);
      const before = { mib: residentMiB(pid), atMs: performance.now() };
      const readers = Array.from({ length: count }, () => new SlowReader(rig.platform.stream, rig.grpc('query-api')));
      await Promise.all(readers.map((reader) => reader.begun));
      await sleep(phaseMs);
      const gauges = new Gauges(rig.processes);
      const early = residentMiB(pid);
      await sleep(2 * phaseMs);
      const late = residentMiB(pid);
      report.usage(`while ${count} watches are not read from`, gauges.stop());
      report.figure(
        'query-api',
        `${before.mib.toFixed(0)} MiB without them, ${early.toFixed(0)} MiB, later ${late.toFixed(0)} MiB`,
      );
      report.check(
        'memory stays as it is while nobody reads',
        late <= early * 1.3 + 30,
        `${early.toFixed(0)}, then ${late.toFixed(0)} MiB`,
      );

      // 2. Others do not notice.
      const visible = (fromMs: number, toMs: number): number[] =>
        probe.between(fromMs, toMs).flatMap(({ visibleMs }) => (visibleMs === null ? [] : [visibleMs]));
      report.figure('acknowledged to seen by another reader, without them', quantiles(visible(0, before.atMs)));
      report.figure('and with them', quantiles(visible(before.atMs, Infinity)));
      stopping.abort();
      await sending;
      await probe.close();

      // 3. Read again, each of them comes to what stands now.
      await checkResults(rig, load, report);
      const wanted = [...load.ledger.finals().values()].filter(({ name }) => name.startsWith('high_value_users|'));
      const readingMs = performance.now();
      for (const reader of readers) reader.resume();
      await until('every reader to have the newest state', CAUGHT_UP_MS, () =>
        Promise.resolve(readers.every((reader) => reader.finals >= wanted.length)),
      ).catch(() => undefined);
      report.figure('read again, up to date after', `${((performance.now() - readingMs) / 1_000).toFixed(1)} s`);
      const behind = readers.filter((reader) => reader.finals !== wanted.length).length;
      report.check(`each has all ${wanted.length} final rows`, behind === 0, `${behind} have not`);
      for (const reader of readers) reader.close();
      agent.destroy();
    }),
};

/** A watch that stops reading after its first message. */
class SlowReader {
  readonly begun: Promise<void>;
  private readonly stub;
  private readonly call;
  private readonly rows = new Map<string, boolean>();

  constructor(stream: string, port: number) {
    this.stub = queryStub(port);
    this.call = this.stub.watchWindows({ stream, metric: 'high_value_users' });
    this.call.on('error', () => undefined); // cancelled
    this.begun = new Promise((resolve) => {
      this.call.on('data', (message: WatchWindowsResponse) => {
        this.take(message);
        resolve();
      });
    });
    void this.begun.then(() => this.call.pause());
  }

  get finals(): number {
    let count = 0;
    for (const final of this.rows.values()) if (final) count += 1;
    return count;
  }

  resume(): void {
    this.call.resume();
  }

  close(): void {
    this.call.cancel();
    this.stub.close();
  }

  private take({ snapshot, upserts, retractions }: WatchWindowsResponse): void {
    if (snapshot) this.rows.clear();
    for (const { start, group, final } of upserts) this.rows.set(nameOf(start, group), final);
    for (const { start, group } of retractions) this.rows.delete(nameOf(start, group));
  }
}

function nameOf(start: Parameters<typeof fromTimestamp>[0] | null, group: object): string {
  return `${start === null ? '' : fromTimestamp(start)}|${JSON.stringify(group)}`;
}
