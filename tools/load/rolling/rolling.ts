import { lakeAgrees, withQuickLake } from '../../e2e/lake/lake-rows';
import type { Platform, ServiceName, ServiceProcess } from '../../e2e/platform';
import { SERVICES as WITHOUT_STORES } from '../../e2e/platform';
import { visitsVerified, withVisits } from '../../e2e/visits';
import type { OwnServers } from '../../rig/own-servers';
import { checkFollowed } from '../check-followed';
import { grpcClient, httpClient, newAgent, Tally } from '../clients';
import { Follower } from '../follower';
import { Load } from '../load';
import { quantiles, Report } from '../report';
import { Rig } from '../rig';
import { sendSteadily } from '../send-steadily';
import { hasLeftItsGroup } from './has-left-its-group';
import { ReadyReplicas } from './ready-replicas';
import type { Restart } from './restart-in-turn';
import { restartInTurn } from './restart-in-turn';
import { SteadyQuestions } from './steady-questions';

export interface RollingOptions {
  readonly eventsPerSecond: number;
  /** How often all processes are asked to end, one after the other, and come back. */
  readonly rounds: number;
  /** Whether each is killed after that, once. */
  readonly kills: boolean;
  /** What an end in order may take. */
  readonly goneWithinMs: number;
  /** Servers that run already; default: its own. */
  readonly servers?: OwnServers;
}

const SERVICES: readonly ServiceName[] = [...WITHOUT_STORES, 'sink-writer'];
const SHAPE = { users: 2_000, categories: 50 };
/** So short that many end meanwhile: the session-tracker has something to tell. */
const VISITS = { sessions: '{ gap: 30s, outOfOrderness: 10s }' };
const BODY_EVENTS = 100;
const HALF_AN_HOUR_MS = 30 * 60_000;
/** Far longer than anything here: partitions of a member that did not leave its group would stand still for so long. */
const SESSION_TIMEOUT_MS = 120_000;
const READY_WITHIN_MS = 300_000;

/**
 * Every process of a platform with two of each service is restarted under load, one after the other: nothing may be lost, told
 * twice, or answered wrongly, and no caller may meet anything that asking again, elsewhere, does not mend.
 */
export async function rolling(options: RollingOptions): Promise<readonly string[]> {
  const report = new Report('rolling');
  const rigOptions = {
    streamFile: (text: string) => withQuickLake(withVisits(text, VISITS)),
    services: SERVICES,
    servers: options.servers,
    environment: { DRAIN_NOTICE_MS: '1000', KAFKA_SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS) },
  };
  await Rig.with(rigOptions, async (rig) => {
    const { platform } = rig;
    await platform.startAll(SERVICES); // and once more: two of each
    const replicasOf = (name: ServiceName): ServiceProcess[] =>
      platform.processes.filter(({ service }) => service === name);
    const load = new Load(SHAPE);
    const tally = new Tally();
    const agent = newAgent();
    const gateways = new ReadyReplicas(replicasOf('gateway'));
    const readers = new ReadyReplicas(replicasOf('query-api'));
    const clients = [
      httpClient(() => gateways.next().http, platform.stream, tally, agent),
      grpcClient(() => gateways.next().grpc ?? 0, platform.stream, tally),
    ];
    const questions = new SteadyQuestions(readers, {
      stream: platform.stream,
      metric: 'revenue_by_category',
      pageSize: 100,
    });
    const follower = new Follower(platform);
    let isOver = false;
    const pace = { eventsPerSecond: options.eventsPerSecond, bodyEvents: BODY_EVENTS };
    const sending = sendSteadily(clients, load, pace, () => isOver);
    // One of each service after the other, and then the second of each.
    const order = [0, 1].flatMap((which) => SERVICES.flatMap((service) => replicasOf(service)[which] ?? []));
    try {
      const ended: Restart[] = [];
      for (let round = 0; round < options.rounds; round += 1) {
        const gone = (process: ServiceProcess): Promise<void> => hasLeftItsGroup(platform, process);
        ended.push(
          ...(await restartInTurn(platform, order, { signal: 'SIGTERM', readyWithinMs: READY_WITHIN_MS, gone })),
        );
      }
      tellOfEnds(report, ended, options.goneWithinMs);
      report.figure('bodies, until the last process was back', tally.text);
      report.check('no answer was a refusal that does not say when to come again', tally.withoutPause === 0);
      const toldAgain = follower.toldAgain;
      report.check('no final was told twice', toldAgain === 0, `${toldAgain} were`);
      if (options.kills) {
        const killed = await restartInTurn(platform, order, { signal: 'SIGKILL', readyWithinMs: READY_WITHIN_MS });
        report.figure('killed and ready again after', quantiles(killed.map(({ readyMs }) => readyMs)));
      }
      isOver = true;
      await sending;
    } catch (error) {
      isOver = true;
      follower.abandon();
      await Promise.allSettled([sending, gateways.close(), readers.close(), questions.close()]);
      throw error;
    }
    await platform.advance(load.ledger.endMs + HALF_AN_HOUR_MS);
    await checkFollowed(rig, { load, follower, tally }, report);
    await Promise.all([questions.close(), gateways.close(), readers.close()]);
    for (const client of clients) client.close();
    agent.destroy();

    report.figure('questions', `${questions.asked}, asked again ${questions.retried} times`);
    report.figure('a question was answered after', quantiles(questions.waits));
    report.checkNone('every question was answered', questions.failures.slice(0, 5));
    for (const { of, compared } of await visitsVerified(platform))
      report.check(`${compared} ${of} are what raw gives`, true);
    await checkLake(platform, load.count, report);
  });
  return report.problems;
}

/** Whoever writes to the lake has been restarted too: it has every event and final of the log once, as it stands there. */
async function checkLake(platform: Platform, events: number, report: Report): Promise<void> {
  const reports = await lakeAgrees(platform);
  const differing = Object.entries(reports)
    .filter(([, { compared, equal }]) => equal !== compared)
    .map(([feed, { compared, equal }]) => `${feed}: ${equal} of ${compared} are as in the log`);
  report.checkNone('every row of the lake is what the log has', differing);
  const stored = reports['events']?.equal ?? 0;
  report.check(`each of ${events} events is in the lake`, stored >= events, `${stored} are`);
}

function tellOfEnds(report: Report, restarts: readonly Restart[], goneWithinMs: number): void {
  const rows = SERVICES.map((name) => {
    const of = restarts.filter(({ service }) => service === name);
    const most = (times: readonly number[]): string => `${(Math.max(...times) / 1_000).toFixed(2)} s`;
    return [
      name,
      String(of.length),
      most(of.map(({ stoppedMs }) => stoppedMs)),
      most(of.map(({ readyMs }) => readyMs)),
    ];
  });
  report.table('ends in order', ['service', 'ends', 'gone after, at most', 'ready again after, at most'], rows);
  const badly = restarts.filter(({ code, stoppedMs }) => code !== 0 || stoppedMs > goneWithinMs);
  report.checkNone(
    `every process was gone within ${goneWithinMs / 1_000} s, with exit code 0`,
    badly.map(({ service, code, stoppedMs }) => `${service}: code ${code} after ${stoppedMs.toFixed(0)} ms`),
  );
}
