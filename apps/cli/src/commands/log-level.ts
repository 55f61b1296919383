import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { askService } from '../http/ask-service';
import { parseDuration } from '../options/parse-options';
import { isTlsProblem, TLS_REMEDY, tlsOf, withTlsOptions, type TlsOptions } from '../options/tls-options';

interface LogLevelOptions extends TlsOptions {
  readonly for: number;
}

const ANSWER_WITHIN_MS = 5_000;

/** `till log-level`: hear more of a service for a while. */
export const registerLogLevel: RegisterCommand = (program, context) => {
  withTlsOptions(program.command('log-level <url> <level>'))
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
  const answer = await askService(new URL('/loglevel', url), {
    ...{ method: 'PUT', body: { level, forSeconds }, tls: tlsOf(options, context) },
    ...{ timeoutMs: ANSWER_WITHIN_MS, signal: context.signal },
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    if (isTlsProblem(reason)) throw new CliError(`no TLS with ${url}: ${reason}`, TLS_REMEDY);
    throw new CliError(`${url} does not answer: ${reason}`, 'Is this the HTTP port of a service that runs?');
  });
  if (answer.status !== 200) throw new CliError(`${url} answers ${answer.status}: ${messageIn(answer.text)}`);
  context.write(`${url} logs at ${level} for ${forSeconds} seconds\n`);
}

function messageIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } };
    return error?.message ?? text;
  } catch {
    return text; // not one of ours
  }
}
