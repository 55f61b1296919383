import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { withOwnServers } from '../rig/own-servers';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import { eventsIn } from './events';
import { runLine, without } from './line';
import type { LineCosts, Process } from './line';
import { median } from './measure';

const SERVICES = ['gateway', 'enricher', 'aggregator'] as const satisfies readonly Process[];
/** A pair of rounds differs by more than tracing costs: so many are needed for a median that says something. */
const LEAST_ROUNDS = 3;

/** What tracing one request in a hundred costs the services of the line, against no tracing at all, in turns. */
export async function measureTracing({ lineEvents, repeat, say }: BenchContext): Promise<string> {
  const events = await lineEvents();
  const rounds = Math.max(LEAST_ROUNDS, repeat);
  const off: LineCosts[] = [];
  const on: LineCosts[] = [];
  /** CPU-seconds until a platform is ready, not traced and traced in turns. */
  const starts: number[] = [];
  let spans = 0;
  await withOwnServers((servers) =>
    withCollector(
      (told) => (spans += told),
      async (endpoint) => {
        const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
        for (let round = 1; round <= rounds; round += 1) {
          for (const [costs, environment] of [
            [off, {}],
            [on, traced],
          ] as const) {
            say(`measuring the line ${costs === on ? 'traced' : 'not traced'}, round ${round} of ${rounds}`);
            const whole = await runLine(servers, 'through the gateway', events, { environment });
            const idle = await runLine(servers, 'through the gateway', eventsIn(Buffer.alloc(0)), { environment });
            costs.push(without(idle, whole));
            starts.push(started(idle));
          }
        }
      },
    ),
  );
  return describe(off, on, starts, events.length, spans / rounds);
}

function describe(
  off: readonly LineCosts[],
  on: readonly LineCosts[],
  starts: readonly number[],
  events: number,
  spans: number,
): string {
  const perMillion = (costs: LineCosts, names: readonly Process[]): number =>
    (names.reduce((sum, name) => sum + costs.cpu[name].user + costs.cpu[name].system, 0) / events) * 1e6;
  const row = (name: string, names: readonly Process[]): string[] => {
    const [without, with1] = [off, on].map((rounds) => median(rounds.map((costs) => perMillion(costs, names))));
    const more = ((with1! - without!) / without!) * 100;
    return [name, without!.toFixed(2), with1!.toFixed(2), `${more >= 0 ? '+' : ''}${more.toFixed(1)} %`];
  };
  const of = (remainder: number): number => median(starts.filter((_, index) => index % 2 === remainder));
  const loading = of(1) - of(0);
  return [
    `One request in a hundred is traced (the default) or none, ${events} events through the gateway, medians of ${off.length} ` +
      `rounds in turns; ${Math.round(spans)} spans a round. CPU-s per million events; what starting and waiting cost is taken away:`,
    '',
    ...table(
      ['process', 'not traced', 'traced', 'more'],
      [...SERVICES.map((name) => row(name, [name])), row('together', SERVICES)],
    ),
    '',
    `To load what traces costs the three services ${loading.toFixed(1)} CPU-s together, once, when they start.`,
  ].join('\n');
}

function started({ cpu }: LineCosts): number {
  return SERVICES.reduce((sum, name) => sum + cpu[name].user + cpu[name].system, 0);
}

/** A collector that counts the spans it is sent and forgets them. */
async function withCollector<T>(onSpans: (spans: number) => void, run: (endpoint: string) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      onSpans(Buffer.concat(chunks).toString().split('"startTimeUnixNano"').length - 1);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
