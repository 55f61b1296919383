import type { Feed } from '@tillstream/contracts';
import {
  verifyFinals,
  type VerifyProgress,
  type VerifyReport,
  verifyVisits,
  type VerifyVisitsOptions,
  type VerifyVisitsReport,
} from '@tillstream/engine';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { liveDefinition } from '../definitions/live-definition';
import { withKafka } from '../kafka/with-kafka';
import { parseInstant } from '../options/parse-options';
import { allMetrics, collect, metricsNamed, spanText, windowSpan } from '../options/window-range';
import { LAKE_OPTION } from '../lake/open-lake';
import { verifyLake } from '../lake/verify-lake';
import { Progress } from '../progress';
import { loadStream } from '../streams/load-stream-files';
import { describeVerification } from '../verify/describe-verification';
import { describeVisits, wrongOf } from '../verify/describe-visits';
import { percentText, plural } from '../words';

interface VerifyCommandOptions {
  readonly stream: string;
  readonly from?: number;
  readonly to?: number;
  readonly metric: readonly string[];
  readonly fromTheBeginning?: boolean;
  /** True: it is said elsewhere where it is. */
  readonly lake?: string | true;
  readonly feed: readonly Feed[];
  readonly json?: boolean;
  readonly streamFiles?: string;
  readonly brokers?: string;
}

/** Something differs: another code than for what has kept the comparison from being made. */
const DIFFERS = 3;

/** `till verify`: are the finals what raw gives? */
export const registerVerify: RegisterCommand = (program, context) => {
  program
    .command('verify')
    .description(
      'compute every final of a range from the raw log once more, with sessions and attributions, and compare byte for byte',
    )
    .option('--stream <name>', 'stream to verify', 'commerce')
    .option('--from <time>', 'windows that begin at or after', parseInstant)
    .option('--to <time>', 'windows that begin before', parseInstant)
    .option('--metric <name>', 'only this metric; may be given several times', collect, [])
    .option('--from-the-beginning', 'read raw from its first record on, and believe nothing that services have written')
    .option('--lake [where]', `compare the lake with the log instead, every row of both; ${LAKE_OPTION[1]}`)
    .option('--feed <name>', 'with --lake: only this feed; may be given several times', collect, [])
    .option('--json', 'one JSON object: what was compared, and what differs')
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .addHelpText(
      'after',
      `
Nothing is written, and services are not disturbed: it reads raw and metrics beside them. Where the reading begins is
taken from the enriched log: the newest place before which no row belongs to the range. Where raw no longer holds what
the range needs, the rest is verified, and it says from which window on. Of sessions those are compared that end in the
range, of attributions those whose purchase is in it.

With --lake nothing is computed: rows of the lake are compared with those of the log, by their places and byte for byte.
Rows that the lake has not come to are not missing, and those that the log no longer holds not surplus.

Exit code: 0 all finals are what raw gives, 3 something differs, 1 not all that was asked for could be verified.`,
    )
    .action((options: VerifyCommandOptions) =>
      options.lake === undefined ? verify(options, context) : verifyLake(options, context),
    );
};

async function verify(options: VerifyCommandOptions, context: CliContext): Promise<void> {
  const file = loadStream(options.streamFiles, context.environment, options.stream);
  const span = windowSpan(options);
  const progress = new Progress(context, systemClock);
  const startedMs = systemClock.monotonicMs();
  const tellRaw = ({ from, next, end }: Parameters<NonNullable<VerifyVisitsOptions['onProgress']>>[0]): void => {
    context.signal.throwIfAborted();
    progress.show(
      () => `finding sessions and attributions again: ${percentText(next - from, end - from)} of a partition`,
    );
  };
  const found = await withKafka(options.brokers, context, async ({ reader }) => {
    const definition = await liveDefinition(reader, file, context);
    const metrics = metricsNamed(definition, allMetrics(definition), options.metric);
    const wanted = { reader, definition, ...span, fromTheBeginning: options.fromTheBeginning ?? false };
    const report = await verifyFinals({
      ...wanted,
      metrics,
      onProgress: (state) => {
        context.signal.throwIfAborted();
        progress.show(() => progressText(state));
      },
    });
    // Who asks for a metric does not ask for what it is over.
    const visits = options.metric.length > 0 ? null : await verifyVisits({ ...wanted, onProgress: tellRaw });
    return { report, metrics, visits };
  });
  const { report, metrics, visits } = found;
  const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
  progress.end(
    `${options.stream}, ${spanText(span)}: ${plural(report.rows, 'row')} of raw in ${seconds.toFixed(1)} s, ` +
      `${plural(report.windows, 'window')} computed again`,
  );
  if (options.json) context.write(`${JSON.stringify({ ...plain(report), ...plainVisits(visits) })}\n`);
  else context.write(`${describeVerification(report, metrics)}${visits ? describeVisits(visits) : ''}`);
  judge(report, visits, options, context);
}

/** Says how it ended. @throws CliError when it did not end well */
function judge(
  report: VerifyReport,
  visits: VerifyVisitsReport | null,
  { from, json }: VerifyCommandOptions,
  context: CliContext,
): void {
  const { counts, compared, equal } = report;
  const wrong = counts.differs + counts.missing + counts.surplus;
  if (wrong > 0) {
    throw new CliError(
      `${plural(wrong, 'final')} not as raw gives them (${counts.differs} differ, ${counts.missing} missing, ` +
        `${counts.surplus} that nothing gives); ${plural(equal, 'final')} of ${compared.toLocaleString('en')} equal`,
      null,
      DIFFERS,
    );
  }
  for (const { of, counts: wrongs, equal: same } of visits?.visits ?? []) {
    if (wrongOf(wrongs) === 0) continue;
    throw new CliError(
      `${plural(wrongOf(wrongs), 'record')} of ${of} not as raw gives them; ${same} equal`,
      null,
      DIFFERS,
    );
  }
  const isCut = [report, ...(visits ? [visits] : [])].some(({ unverified, verifiedFromMs }) => {
    return unverified !== null && (verifiedFromMs === Infinity || from !== undefined);
  });
  if (isCut) throw new CliError('not all of the range could be verified', 'Ask for windows that raw still holds.');
  if (json) return;
  const told = [`${plural(compared, 'final')}`, ...(visits?.visits ?? []).map((one) => `${one.compared} ${one.of}`)];
  context.write(`${told.join(', ')} compared: every one is what raw gives, byte for byte.\n`);
}

function progressText({ phase, finals, equal, rawDone, rawTotal, rows }: VerifyProgress): string {
  if (phase === 'reading finals') return `${phase}: ${finals.toLocaleString('en')}`;
  return `${phase}: ${percentText(rawDone, rawTotal)} of raw, ${plural(rows, 'row')}, ${equal.toLocaleString('en')} of ${finals.toLocaleString('en')} finals equal`;
}

function plainVisits(found: VerifyVisitsReport | null): object {
  if (!found || (found.visits.length === 0 && found.unverified === null)) return {};
  const { verifiedFromMs, ...rest } = found;
  const finite = Number.isFinite(verifiedFromMs) ? new Date(verifiedFromMs).toISOString() : null;
  return { visits: { ...rest, verifiedFrom: finite, nothingVerified: verifiedFromMs === Infinity } };
}

function plain(report: VerifyReport): object {
  const { byMetric, verifiedFromMs, ...rest } = report;
  const finite = Number.isFinite(verifiedFromMs) ? new Date(verifiedFromMs).toISOString() : null;
  return {
    ...rest,
    verifiedFrom: finite,
    nothingVerified: verifiedFromMs === Infinity,
    byMetric: Object.fromEntries(byMetric),
  };
}
