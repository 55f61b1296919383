import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isEnriched, until } from '../e2e/platform';
import type { Client } from './clients';
import { grpcClient, httpClient, newAgent, Tally } from './clients';
import { Gauges, peaksSinceBirth } from './gauges';
import { Load } from './load';
import { checkResults } from './results';
import type { ProbedEvent } from './probe';
import { Probe } from './probe';
import { quantiles, Report } from './report';
import { Rig } from './rig';
import type { OwnServers } from '../rig/own-servers';
import { pinTo } from '../rig/pin-to';

export interface OverloadOptions {
  readonly minutes: number;
  /** Half of them over HTTP, half over gRPC. */
  readonly clients: number;
  readonly bodyEvents: number;
  /** What the gateway may have in flight: little, so that the clients of one machine are too many for it. */
  readonly inFlightMiB: number;
  readonly probeSeconds: number;
  /** So many times what is taken must be offered, or nothing has been shown. */
  readonly leastOffered: number;
  /** How long to wait until all that was taken has been worked off and answered. */
  readonly caughtUpWithinMs: number;
  readonly servers?: OwnServers;
}

const SHAPE = { users: 20_000, categories: 200 };
const MIB = 1024 * 1024;
/**
 * What a gateway may need beyond what it has before anything comes (docs/load.md): of each byte that may be in flight its chunks,
 * the whole body, its rows and the batch that is sent, each in memory of up to twice its size; and buffers that nobody needs any
 * more: V8 has not collected them yet, or the C library keeps their memory.
 */
const GATEWAY_BOUND = { timesInFlight: 8, uncollectedMiB: 512 };
const PROBE_EVERY_MS = 250;
const NORMAL_WITHIN_S = 10;
const EVERY_CORE = `0-${availableParallelism() - 1}`;
/** Late events would be judged by order, and overload knows none. */
const PATIENT = (text: string): string => text.replace(/outOfOrderness: 1m$/m, 'outOfOrderness: 10m');

/**
 * Many clients send bodies as fast as they are let: at every moment more is on its way than the gateway has room for. All of
 * them wait when they are told to. Nothing may be lost, memory must stay within its bound, and when they stop, all is as before.
 */
export async function overload(options: OverloadOptions): Promise<readonly string[]> {
  const report = new Report('overload');
  const environment = { TILLSTREAM_MAX_IN_FLIGHT_BYTES: String(options.inFlightMiB * MIB) };
  await Rig.with({ streamFile: PATIENT, environment, servers: options.servers }, async (rig) => {
    const { platform } = rig;
    const load = new Load(SHAPE);
    const agent = newAgent();
    const http = rig.service('gateway').http;
    const probeTally = new Tally();
    const probe = new Probe(
      platform.stream,
      rig.grpc('query-api'),
      httpClient(http, platform.stream, probeTally, agent),
      load,
    );

    // 1. Before.
    probe.start(PROBE_EVERY_MS);
    await sleep(options.probeSeconds * 1_000);
    const beganMs = performance.now();

    // 2. During.
    const apart = availableParallelism() > 1;
    if (apart) setCores(rig, '0', '1');
    const gauges = new Gauges(rig.processes);
    const tallies = { http: new Tally(), grpc: new Tally() };
    const clients = Array.from({ length: options.clients }, (_, i) =>
      i % 2 === 0
        ? httpClient(http, platform.stream, tallies.http, agent)
        : grpcClient(rig.grpc('gateway'), platform.stream, tallies.grpc),
    );
    const untilMs = beganMs + options.minutes * 60_000;
    await Promise.all(clients.map((client) => keepSending(client, load, options.bodyEvents, untilMs)));
    const endedMs = performance.now();
    const usage = gauges.now();
    if (apart) setCores(rig, EVERY_CORE, EVERY_CORE);

    // 3. After.
    await sleep(options.probeSeconds * 1_000);
    const timeUntil = async (what: string, isSo: () => Promise<boolean>): Promise<number> => {
      await until(what, options.caughtUpWithinMs, isSo);
      return performance.now();
    };
    const enrichedMs = await timeUntil('everything to be enriched', () => isEnriched(platform));
    const seenMs = await timeUntil('the newest probe to be seen', () => Promise.resolve(probe.unseen <= 4));
    await sleep(options.probeSeconds * 1_000);
    await probe.close();
    for (const client of clients) client.close();
    agent.destroy();

    const seconds = (endedMs - beganMs) / 1_000;
    const taken = tallies.http.events + tallies.grpc.events;
    const attempts = tallies.http.attempts + tallies.grpc.attempts;
    const bodies = tallies.http.bodies + tallies.grpc.bodies;
    report.figure(
      'lasted',
      `${seconds.toFixed(0)} s, ${options.clients} clients with bodies of ${options.bodyEvents} events, ${options.inFlightMiB} MiB may be in flight`,
    );
    report.figure('cores', apart ? 'one for services, broker and Redis, another for the clients' : 'one for all');
    report.figure('HTTP', tallies.http.text);
    report.figure('gRPC', tallies.grpc.text);
    report.figure(
      'taken',
      `${(taken / seconds).toFixed(0)} events/s; offered ${(attempts / bodies).toFixed(1)} times that`,
    );
    report.figure(
      'a body was taken after',
      `HTTP ${quantiles(tallies.http.waits)}; gRPC ${quantiles(tallies.grpc.waits)}`,
    );
    const before = probe.between(0, beganMs);
    report.figure('probe before', describe(before));
    report.figure('probe during', describe(probe.between(beganMs, endedMs)));
    report.figure('probe after', describe(probe.between(endedMs, Infinity)));
    const normal = secondsUntilNormal(before, probe.between(endedMs, Infinity), endedMs);
    report.figure('acknowledgements as before after', `${normal.toFixed(1)} s`);
    report.figure('everything enriched after', `${((enrichedMs - endedMs) / 1_000).toFixed(1)} s`);
    report.figure('every probe seen after', `${((seenMs - endedMs) / 1_000).toFixed(1)} s`);
    report.usage('during the overload', usage);
    const caughtUp = gauges.stop();
    report.usage('until caught up', caughtUp);
    const peaks = peaksSinceBirth(rig.processes);
    report.figure('most since birth', peakText(peaks));

    report.check(
      `at least ${options.leastOffered} times as much was offered`,
      attempts / bodies >= options.leastOffered,
    );
    const idleMiB = caughtUp.find(({ name }) => name === 'gateway')?.firstMiB ?? 0;
    const boundMiB = idleMiB + GATEWAY_BOUND.timesInFlight * options.inFlightMiB + GATEWAY_BOUND.uncollectedMiB;
    const mostMiB = peaks.get('gateway') ?? Infinity;
    report.check(
      `the gateway never needed more than ${boundMiB.toFixed(0)} MiB`,
      mostMiB <= boundMiB,
      `${mostMiB.toFixed(0)} MiB`,
    );
    report.check('every refusal said when to come again', tallies.http.withoutPause + tallies.grpc.withoutPause === 0);
    report.check(
      'acknowledged as quickly as before within seconds',
      normal <= NORMAL_WITHIN_S,
      `${normal.toFixed(1)} s`,
    );
    await checkResults(rig, load, report);
  });
  return report.problems;
}

/** Clients that share their cores with the services get slower together with them, and never ask for too much. */
function setCores(rig: Rig, services: string, clients: string): void {
  for (const { pid } of rig.processes) pinTo(services, pid() ?? 0);
  pinTo(clients, process.pid);
}

async function keepSending(client: Client, load: Load, events: number, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) await client.publish(load.body(events));
}

function describe(events: readonly ProbedEvent[]): string {
  const acks = events.flatMap(({ ackMs }) => (ackMs === null ? [] : [ackMs]));
  const seen = events.flatMap(({ visibleMs }) => (visibleMs === null ? [] : [visibleMs]));
  return `acknowledged ${quantiles(acks)}; from there to the answer ${quantiles(seen)}`;
}

/** Seconds after the end until an acknowledgement takes no longer than the slowest one before, for good. */
function secondsUntilNormal(before: readonly ProbedEvent[], after: readonly ProbedEvent[], endedMs: number): number {
  const usual = Math.max(100, ...before.map(({ ackMs }) => ackMs ?? 0));
  const slow = after.filter(({ ackMs }) => ackMs === null || ackMs > 2 * usual);
  const last = slow.at(-1);
  return last === undefined ? 0 : (last.sentMs - endedMs) / 1_000;
}

function peakText(peaks: ReadonlyMap<string, number>): string {
  return [...peaks].map(([name, mib]) => `${name} ${mib.toFixed(0)} MiB`).join(', ');
}
