import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { parseDuration } from '../options/parse-options';

interface LogLevelOptions {
  readonly for: number;
}

const ANSWER_WITHIN_MS = 5_000;

/** `till log-level`: hear more of a service for a while. */
export const registerLogLevel: RegisterCommand = (program, context) => {
  program
    .command('log-level <url> <level>')
    .description('let a service log more, or less, for a while: trace, debug, info, warn, error or fatal')
    .option('--for <duration>', 'how long, before it is as it was', parseDuration, 600_000)
    .addHelpText(
      'after',
      `
The address is that of the service's HTTP port, as http://127.0.0.1:8082. A service listens to this only from its own machine:
elsewhere go through kubectl port-forward or a shell there.`,
    )
    .action((url: string, level: string, options: LogLevelOptions) => logLevel(url, level, options, context));
};

async function logLevel(url: string, level: string, options: LogLevelOptions, context: CliContext): Promise<void> {
  if (!URL.canParse(url)) throw new CliError(`${url} is not an address`, 'It looks like http://127.0.0.1:8082');
  const forSeconds = Math.ceil(options.for / 1000);
  const response = await fetch(new URL('/loglevel', url), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ level, forSeconds }),
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
  }).catch((error: unknown) => {
    throw new CliError(`${url} does not answer: ${reasonOf(error)}`, 'Is this the HTTP port of a service that runs?');
  });
  if (!response.ok) throw new CliError(`${url} answers ${response.status}: ${await messageOf(response)}`);
  context.write(`${url} logs at ${level} for ${forSeconds} seconds\n`);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } };
    return error?.message ?? text;
  } catch {
    return text; // not one of ours
  }
}
