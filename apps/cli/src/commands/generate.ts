import { randomInt } from 'node:crypto';
import { InvalidArgumentError } from 'commander';
import { systemClock } from '../cli-clock';
import type { CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { openSink } from '../generate/open-sink';
import { type GenerateCounts, runGenerate } from '../generate/run-generate';
import { connectKafka } from '../kafka/kafka-access';
import {
  parseDuration,
  parseInstant,
  parseLateness,
  parseRate,
  parseShare,
  wholeNumber,
} from '../options/parse-options';
import { withTlsOptions, type TlsOptions } from '../options/tls-options';
import { Progress } from '../progress';
import { PLAIN_SHOP, ShopRows, UNIFORM } from '@tillstream/shop-events';

interface GenerateOptions extends TlsOptions {
  readonly to: string;
  readonly stream: string;
  readonly key?: string;
  readonly seed?: number;
  readonly rate?: number;
  readonly count?: number;
  readonly users?: number;
  readonly products?: number;
  readonly purchases: number;
  readonly disorder?: number;
  readonly lateness: { readonly share: number; readonly maxMs: number };
  readonly duplicates: number;
  readonly bad: number;
  readonly uniform: boolean;
  readonly start?: number;
  readonly timeRate?: number;
  readonly batch: number;
  readonly inFlight: number;
  readonly batched: boolean;
  readonly giveUpAfter: number;
}

const LIVE_RATE = 200;
const LIVE_DISORDER_MS = 500;

/** `till generate`: a shop with visitors, as a stream of events. */
export const registerGenerate: RegisterCommand = (program, context) => {
  withTlsOptions(program.command('generate'))
    .description('make the events of a shop, live or as fast as they are taken')
    .option(
      '--to <where>',
      'http://gateway, kafka://broker/topic, a file, or - for standard output',
      'http://127.0.0.1:8080',
    )
    .option('--stream <name>', 'stream at the gateway', 'commerce')
    .option('--key <text>', 'write key of the gateway (default: TILLSTREAM_WRITE_KEY)')
    .option(
      '--rate <n>',
      `events a second; 0: as fast as they are taken (default: ${LIVE_RATE}; 0 into a file)`,
      parseRate,
    )
    .option('--count <n>', 'stop after so many rows (default: run until interrupted)', wholeNumber(1))
    .option('--seed <n>', 'the same seed makes the same events (default: random)', wholeNumber(0))
    .option('--users <n>', `users of the shop (default: ${PLAIN_SHOP.users})`, wholeNumber(1))
    .option('--products <n>', `products of the shop (default: ${PLAIN_SHOP.products})`, wholeNumber(1))
    .option('--purchases <share>', 'purchases among the events, at most 20%', parsePurchases, PLAIN_SHOP.purchases)
    .option(
      '--disorder <duration>',
      'events are up to this much older than now (default: 500ms; 0s with --start)',
      parseDuration,
    )
    .option(
      '--lateness <share:duration>',
      'so many events are up to so much older still, as 3%:20m',
      parseLateness,
      PLAIN_SHOP.lateness,
    )
    .option('--duplicates <share>', 'rows that repeat an earlier one', parseShare, 0)
    .option('--bad <share>', 'rows with something wrong, of all kinds', parseShare, 0)
    .option(
      '--uniform',
      `uniform events of ${UNIFORM.eventBytes} bytes: ${UNIFORM.users} users, ${UNIFORM.products} products, four types`,
      false,
    )
    .option(
      '--start <time>',
      'time of the first event instead of now: the events then follow from the seed alone',
      parseInstant,
    )
    .option('--time-rate <n>', 'with --start: events per second of event time (default: --rate, else 1000)', parseRate)
    .option('--batch <n>', 'most rows in one body', wholeNumber(1), 500)
    .option('--in-flight <n>', 'most bodies under way at the same time', wholeNumber(1), 4)
    .option('--batched', 'into Kafka: one record with a JSON array per partition, not one a row', false)
    .option('--give-up-after <duration>', 'how long a body is tried again', parseDuration, 120_000)
    .action((options: GenerateOptions) => generate(options, context));
};

async function generate(options: GenerateOptions, context: CliContext): Promise<void> {
  const { to } = options;
  const rows = rowsOf(options);
  const sink = await openSink(
    { ...options, parallel: options.inFlight, giveUpAfterMs: options.giveUpAfter },
    context,
    systemClock,
    connectKafka,
  );
  const startedMs = systemClock.monotonicMs();
  const progress = new Progress(context, systemClock);
  try {
    const counts = await runGenerate(
      {
        next: (nowMs) => rows.next(nowMs),
        rate: options.rate ?? (writesText(to) ? 0 : LIVE_RATE),
        count: options.count ?? Infinity,
        batch: options.batch,
        timeOf: timeOf(options),
      },
      sink,
      systemClock,
      context.signal,
      (soFar) => progress.show(() => describe(soFar, systemClock.monotonicMs() - startedMs)),
    );
    progress.end(describe(counts, systemClock.monotonicMs() - startedMs));
  } finally {
    await sink.close();
  }
}

function rowsOf(options: GenerateOptions): ShopRows {
  const { uniform, purchases, lateness, duplicates, bad } = options;
  return new ShopRows({
    seed: options.seed ?? randomInt(0x7fff_ffff),
    shape: uniform ? 'uniform' : 'shop',
    users: options.users ?? (uniform ? UNIFORM.users : PLAIN_SHOP.users),
    products: options.products ?? (uniform ? UNIFORM.products : PLAIN_SHOP.products),
    disorderMs: options.disorder ?? (options.start === undefined ? LIVE_DISORDER_MS : 0),
    purchases,
    lateness,
    duplicates,
    bad,
  });
}

function timeOf({ start, timeRate, rate }: GenerateOptions): ((made: number) => number) | null {
  if (start === undefined) return null;
  const perSecond = timeRate || rate || 1000;
  return (made) => Math.floor(start + (made * 1000) / perSecond);
}

const writesText = (to: string): boolean => !/^(https?|kafka):\/\//.test(to);

function parsePurchases(text: string): number {
  const share = parseShare(text);
  if (share > 0.2) throw new InvalidArgumentError('at most 20%: people also look');
  return share;
}

function describe({ made, accepted, rejected, unanswered }: GenerateCounts, elapsedMs: number): string {
  const refused = Object.entries(rejected);
  const perSecond = elapsedMs > 0 ? Math.round((made * 1000) / elapsedMs) : made;
  const parts = [
    `${made} rows in ${(elapsedMs / 1000).toFixed(1)} s (${perSecond}/s)`,
    `${accepted} accepted`,
    ...(refused.length === 0
      ? []
      : [
          `${refused.reduce((sum, [, times]) => sum + times, 0)} rejected (` +
            `${refused.map(([code, times]) => `${code} ${times}`).join(', ')})`,
        ]),
    ...(unanswered === 0 ? [] : [`${unanswered} without an answer`]),
  ];
  return parts.join(', ');
}
