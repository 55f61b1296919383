import { parseArgs } from 'node:util';
import { builtServices } from '../rig/built-services';
import { EXTREMES, extremes } from './extremes';
import { overload } from './overload';
import { say } from './report';
import { rolling } from './rolling/rolling';
import { startOwnServers } from '../rig/own-servers';
import { EAGER_RETENTION, soak } from './soak';

const HELP = `npm run load -- <scenario> [options]

Drives real services on a broker and a Redis of their own to where they break, and checks every result exactly.

  overload              more than the gateway can take, from clients that wait when told to
  extremes [name …]     one after the other, or those named:
${EXTREMES.map(({ name, about }) => `      ${name.padEnd(18)}${about}`).join('\n')}
  soak                  a steady load for long, a service killed every minute; what grows is found
  rolling               two of each service, every process restarted in order under a steady load, then killed
  short                 a little of each, in about a minute

  --minutes N           how long the load lasts (overload 5, soak 30)
  --rate N              soak, rolling: events a second (default 2000)
  --rounds N            rolling: how often every process ends in order (default 2)
  --clients N           overload: clients, half HTTP and half gRPC (default 400)
  --body-events N       overload: events a body (default 1000)
  --in-flight-mib N     overload: what the gateway may have in flight (default 16; a gateway's own default is 64)
  --share X             extremes: so much of the full size, from 0 to 1 (default 1)
  --help                this text

Exits with 1 when something did not hold. Figures depend on the machine and on what else it does.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string' },
      clients: { type: 'string', default: '400' },
      share: { type: 'string', default: '1' },
      rate: { type: 'string', default: '2000' },
      rounds: { type: 'string', default: '2' },
      'in-flight-mib': { type: 'string', default: '16' },
      'body-events': { type: 'string', default: '1000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    process.stdout.write(HELP);
    return;
  }
  builtServices();
  const problems = [...(await run(positionals, values))];
  say(problems.length === 0 ? '\nall held' : `\n${problems.length} did not hold:\n${problems.join('\n')}`);
  if (problems.length > 0) process.exitCode = 1;
}

/** A little of everything on one broker and one Redis, to see that it works; no figure of it is worth anything. */
async function short(): Promise<readonly string[]> {
  const servers = await startOwnServers(EAGER_RETENTION);
  try {
    const crowd = {
      ...{ minutes: 0.1, clients: 100, bodyEvents: 1_000, inFlightMiB: 8, probeSeconds: 2, leastOffered: 1 },
      caughtUpWithinMs: 300_000,
    };
    const steady = { minutes: 0.4, eventsPerSecond: 500, killEverySeconds: 6, retentionSeconds: 60 };
    return [
      ...(await overload({ ...crowd, servers })),
      ...(await extremes(['one-user', 'large-events'], 0.02, servers)),
      ...(await soak({ ...steady, servers })),
    ];
  } finally {
    await servers.stop();
  }
}

interface Settings {
  readonly minutes?: string | undefined;
  readonly share: string;
  readonly rate: string;
  readonly rounds: string;
  readonly clients: string;
  readonly 'body-events': string;
  readonly 'in-flight-mib': string;
}

function run(names: readonly string[], settings: Settings): Promise<readonly string[]> {
  switch (names[0]) {
    case 'overload':
      return overload({
        minutes: Number(settings.minutes ?? 5),
        clients: Number(settings.clients),
        bodyEvents: Number(settings['body-events']),
        inFlightMiB: Number(settings['in-flight-mib']),
        probeSeconds: 10,
        leastOffered: 2,
        caughtUpWithinMs: 1_800_000,
      });
    case 'extremes':
      return extremes(names.slice(1), Number(settings.share));
    case 'soak':
      return soak({
        minutes: Number(settings.minutes ?? 30),
        eventsPerSecond: Number(settings.rate),
        killEverySeconds: 60,
        retentionSeconds: 240,
      });
    case 'rolling':
      return rolling({
        eventsPerSecond: Number(settings.rate),
        rounds: Number(settings.rounds),
        kills: true,
        goneWithinMs: 5_000,
      });
    case 'short':
      return short();
    default:
      throw new Error(`there is no scenario ${names[0]}; \`npm run load -- --help\` names them`);
  }
}

main().then(
  () => (process.exitCode ??= 0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
