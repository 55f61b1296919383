import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { overload } from './overload';
import { say } from './report';

const HELP = `npm run load -- <scenario> [options]

Drives real services on a broker and a Redis of their own to where they break, and checks every result exactly.

  overload              more than the gateway can take, from clients that wait when told to

  --minutes N           how long the load lasts
  --clients N           overload: clients, half HTTP and half gRPC (default 400)
  --body-events N       overload: events a body (default 1000)
  --help                this text

Exits with 1 when something did not hold. Figures depend on the machine and on what else it does.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string' },
      clients: { type: 'string', default: '400' },
      'body-events': { type: 'string', default: '1000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    process.stdout.write(HELP);
    return;
  }
  execFileSync(process.execPath, ['tools/build/build.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const problems = await overload({
    minutes: Number(values.minutes ?? 5),
    clients: Number(values.clients),
    bodyEvents: Number(values['body-events']),
    probeSeconds: 10,
  });
  say(problems.length === 0 ? '\nall held' : `\n${problems.length} did not hold:\n${problems.join('\n')}`);
  if (problems.length > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
