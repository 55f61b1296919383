import type { ServiceName, ServiceProcess } from '../../e2e/platform';
import { until } from '../../e2e/platform';
import type { OwnServers } from '../../rig/own-servers';
import { grpcClient, httpClient, newAgent, Tally } from '../clients';
import { finalDifferences } from '../finals';
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

const SERVICES: readonly ServiceName[] = ['gateway', 'enricher', 'aggregator', 'session-tracker', 'query-api'];
const SHAPE = { users: 2_000, categories: 50 };
const BODY_EVENTS = 100;
const HALF_AN_HOUR_MS = 30 * 60_000;
/** Far longer than anything here: partitions of a member that did not leave its group would stand still for so long. */
const SESSION_TIMEOUT_MS = 120_000;
const READY_WITHIN_MS = 300_000;
const SETTLED_WITHIN_MS = 600_000;

/**
 * Every process of a platform with two of each service is restarted under load, one after the other: nothing may be lost, told
 * twice, or answered wrongly, and no caller may meet anything that asking again, elsewhere, does not mend.
 */
export async function rolling(options: RollingOptions): Promise<readonly string[]> {
  const report = new Report('rolling');
  const rigOptions = {
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
    const wanted = load.ledger.finals();
    let differences: readonly string[] = ['nothing compared yet'];
    await until('the results to be right', SETTLED_WITHIN_MS, async () => {
      if (!(await follower.isAtEnd())) return false;
      differences = finalDifferences(wanted, follower.finals);
      return differences.length === 0;
    }).catch(() => undefined); // the differences tell more
    await follower.stop();
    await Promise.all([questions.close(), gateways.close(), readers.close()]);
    for (const client of clients) client.close();
    agent.destroy();

    report.figure('handed in', tally.text);
    report.figure('a body was taken after', quantiles(tally.waits));
    report.figure('questions', `${questions.asked}, asked again ${questions.retried} times`);
    report.figure('a question was answered after', quantiles(questions.waits));
    report.figure('events that stand in raw more than once', String(follower.repeated));
    const { numbers } = follower;
    report.check(
      `each of ${load.count} acknowledged events was in raw`,
      numbers.size === load.count,
      `${numbers.size} were`,
    );
    report.checkNone('every question was answered', questions.failures.slice(0, 5));
    report.checkNone(`${wanted.size} final rows are exact`, differences);
    report.checkNone('no final ever changed', follower.changed.slice(0, 5));
    report.checkNone('no service told of an accident', rig.alarms);
  });
  return report.problems;
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
