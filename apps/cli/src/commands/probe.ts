import { randomUUID } from 'node:crypto';
import type { ValueMap } from '@tillstream/contracts';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { GatewayClient } from '../gateway/gateway-client';
import { runProbe } from '../probe/run-probe';
import type { QueryClient } from '../query/query-client';
import { tlsOf } from '../options/tls-options';
import { addGroup, metricNamed, withQueryClient, withQueryOptions, type QueryOptions } from '../query/query-options';

interface ProbeOptions extends QueryOptions {
  readonly event: string;
  readonly to: string;
  readonly writeKey?: string;
  readonly group?: ValueMap;
}

/** `till probe`: is the whole way open, from the gateway to an answer? */
export const registerProbe: RegisterCommand = (program, context) => {
  withQueryOptions(program.command('probe <metric>'))
    .description('send one event, and wait until a number of the metric has changed by it')
    .requiredOption('--event <json>', 'the event; {id} in it becomes a new id, {now} the time')
    .option('--to <address>', 'gateway', 'http://127.0.0.1:8080')
    .option('--write-key <text>', 'write key of the gateway (default: TILLSTREAM_WRITE_KEY)')
    .option('--group <field=value>', 'only this group counts; may be given for several fields', addGroup)
    .action((metric: string, options: ProbeOptions) =>
      withQueryClient(options, context, (query) => probe(metric, query, options, context)),
    );
};

async function probe(name: string, query: QueryClient, options: ProbeOptions, context: CliContext): Promise<void> {
  const { stream, to, timeout } = options;
  const { environment, signal } = context;
  const metric = await metricNamed(query, stream, name);
  if (!URL.canParse(to)) throw new CliError(`${to} is not an address`, 'It looks like http://127.0.0.1:8080');
  const gateway = new GatewayClient({
    address: new URL(to),
    key: options.writeKey ?? environment['TILLSTREAM_WRITE_KEY'] ?? null,
    tls: tlsOf(options, context),
    clock: systemClock,
    signal,
    connections: 1,
    giveUpAfterMs: timeout,
  });
  try {
    const event = options.event
      .replaceAll('{id}', randomUUID())
      .replaceAll('{now}', new Date(systemClock.nowMs()).toISOString());
    const { row, afterMs } = await runProbe(
      { publish: (body) => gateway.publish(stream, body), query, clock: systemClock, signal },
      { stream, metric, group: options.group ?? {}, event, timeoutMs: timeout },
    );
    context.write(`${JSON.stringify(row)}\n`);
    context.note(`changed ${(afterMs / 1000).toFixed(2)} s after the gateway had accepted the event\n`);
  } finally {
    gateway.close();
  }
}
