import { Option } from 'commander';
import { systemClock } from '../cli-clock';
import type { RegisterCommand } from '../create-program';
import { parseDuration, wholeNumber } from '../options/parse-options';
import { withQueryClient, withQueryOptions, type QueryOptions } from '../query/query-options';
import { runTop } from '../top/run-top';

interface TopCommandOptions extends QueryOptions {
  readonly every: number;
  readonly count?: number;
  readonly plain?: boolean;
  readonly metric: readonly string[];
  readonly gatewayMetrics: string;
  readonly enricherMetrics: string;
  readonly aggregatorMetrics: string;
  readonly queryMetrics: string;
}

/** `till top`: the newest windows of the metrics, and how the services do. */
export const registerTop: RegisterCommand = (program, context) => {
  withQueryOptions(program.command('top'))
    .description('a live view: events a second, the newest windows of the metrics, lag; until Ctrl-C')
    .addOption(new Option('--every <duration>', 'draw so often').argParser(parseDuration).default(1_000, '1s'))
    .option('--count <n>', 'stop after so many pictures', wholeNumber(1))
    .option('--plain', 'a line each time, also on a terminal')
    .addOption(
      new Option('--metric <name>', 'only this metric; may be given several times (default: as many as have room)')
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], ''),
    )
    .option('--gateway-metrics <url>', 'where the gateway has its metrics', 'http://127.0.0.1:8080/metrics')
    .option('--enricher-metrics <url>', 'where the enricher has its metrics', 'http://127.0.0.1:8081/metrics')
    .option('--aggregator-metrics <url>', 'where the aggregator has its metrics', 'http://127.0.0.1:8082/metrics')
    .option('--query-metrics <url>', 'where the query-api has its metrics', 'http://127.0.0.1:8085/metrics')
    .action((options: TopCommandOptions) =>
      withQueryClient(options, context, (client) =>
        runTop(
          client,
          {
            stream: options.stream,
            everyMs: options.every,
            count: options.count ?? Infinity,
            plain: options.plain ?? false,
            metrics: options.metric,
            services: new Map([
              ['gateway', options.gatewayMetrics],
              ['enricher', options.enricherMetrics],
              ['aggregator', options.aggregatorMetrics],
              ['query-api', options.queryMetrics],
            ]),
          },
          context,
          systemClock,
        ),
      ),
    );
};
