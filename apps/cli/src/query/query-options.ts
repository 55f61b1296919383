import { InvalidArgumentError, Option, type Command } from 'commander';
import type { MetricMessage, ValueMap } from '@tillstream/contracts';
import { CliError, type CliContext } from '../cli-context';
import { parseDuration } from '../options/parse-options';
import { tlsOf, withTlsOptions, type TlsOptions } from '../options/tls-options';
import type { OutputFormat } from './print-rows';
import { QueryClient } from './query-client';

/** Where questions go. */
export interface QueryOptions extends TlsOptions {
  readonly query?: string;
  readonly stream: string;
  readonly key?: string;
  readonly timeout: number;
}

const DEFAULT_ADDRESS = '127.0.0.1:50052';
const DEFAULT_TIMEOUT_MS = 30_000;

/** Adds the options that every question has. */
export function withQueryOptions(command: Command): Command {
  return withTlsOptions(command)
    .option(
      '--query <host:port>',
      `gRPC address of a query-api, grpcs://host:port for TLS (default: TILLSTREAM_QUERY, else ${DEFAULT_ADDRESS})`,
    )
    .option('--stream <name>', 'stream to ask about', 'commerce')
    .option('--key <text>', 'read key (default: TILLSTREAM_READ_KEY)')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for an answer')
        .argParser(parseDuration)
        .default(DEFAULT_TIMEOUT_MS, '30s'),
    );
}

/** Gives the client to `use` and closes it afterwards. */
export async function withQueryClient(
  options: QueryOptions,
  context: CliContext,
  use: (client: QueryClient) => Promise<void>,
): Promise<void> {
  const { environment } = context;
  const client = new QueryClient({
    address: options.query ?? environment['TILLSTREAM_QUERY'] ?? DEFAULT_ADDRESS,
    key: options.key ?? environment['TILLSTREAM_READ_KEY'],
    timeoutMs: options.timeout,
    tls: tlsOf(options, context),
  });
  try {
    await use(client);
  } finally {
    client.close();
  }
}

/** The metric of that name, or `name@definition`, as declared. @throws CliError that names those there are */
export async function metricNamed(client: QueryClient, stream: string, name: string): Promise<MetricMessage> {
  const { metrics } = await client.listMetrics({ stream, includeRetired: true });
  const found = metrics.find(
    (metric) => (metric.name === name && !metric.retired) || `${metric.name}@${metric.definition}` === name,
  );
  if (found) return found;
  const names = metrics
    .map((metric) => (metric.retired ? `${metric.name}@${metric.definition}` : metric.name))
    .join(', ');
  throw new CliError(`stream ${stream} has no metric ${name}`, `It has ${names}.`);
}

/** Collects `--group field=value`, given as often as wanted. */
export function addGroup(text: string, before: ValueMap = {}): ValueMap {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('a group looks like category=books');
  return { ...before, [name]: { text: value } };
}

export interface FormatOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
}

export function withFormatOptions(command: Command): Command {
  return command.option('--json', 'one JSON object a line').option('--csv', 'comma-separated, with a header');
}

export function formatOf({ json, csv }: FormatOptions): OutputFormat {
  if (json && csv) throw new CliError('--json and --csv exclude each other');
  return json ? 'json' : csv ? 'csv' : 'table';
}
