import { feedsOf, type Feed, type SinkFeed, type StreamDefinition } from '@tillstream/contracts';
import { verifyStored, type StoredFeed, type VerifyStoredReport } from '@tillstream/engine';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import { liveDefinition } from '../definitions/live-definition';
import { withKafka } from '../kafka/with-kafka';
import { spanText, windowSpan } from '../options/window-range';
import { Progress } from '../progress';
import { loadStream } from '../streams/load-stream-files';
import { table } from '../table';
import { plural } from '../words';
import { withLake } from './open-lake';

export interface VerifyLakeOptions {
  readonly stream: string;
  readonly from?: number;
  readonly to?: number;
  readonly feed: readonly Feed[];
  readonly lake?: string | true;
  readonly json?: boolean;
  readonly streamFiles?: string;
  readonly brokers?: string;
}

/** Something differs: another code than for what has kept the comparison from being made. */
const DIFFERS = 3;
const SHOWN = 10;

/** A table that is not there yet. */
const EMPTY: StoredFeed = { next: () => 0, turns: (span) => [span], read: () => Promise.resolve() };

type Reports = ReadonlyMap<Feed, VerifyStoredReport>;

/** `till verify --lake`: has the lake what the log has? */
export async function verifyLake(options: VerifyLakeOptions, context: CliContext): Promise<void> {
  const file = loadStream(options.streamFiles, context.environment, options.stream);
  const span = windowSpan(options);
  const progress = new Progress(context, systemClock);
  const startedMs = systemClock.monotonicMs();
  const reports = new Map<Feed, VerifyStoredReport>();
  const where = typeof options.lake === 'string' ? { lake: options.lake } : {};
  await withLake(file, where, context, (lake) =>
    withKafka(options.brokers, context, async ({ reader }) => {
      const definition = await liveDefinition(reader, file, context);
      for (const feed of wantedFeeds(definition, file, options.feed)) {
        const own = lake.table(feed.feed);
        const snapshot = await own.snapshot();
        const stored =
          snapshot === null
            ? EMPTY
            : lake.library.storedLakeFeed({ session: lake.session, table: own, snapshot }, definition, feed);
        const onProgress = (compared: number): void => {
          context.signal.throwIfAborted();
          progress.show(() => `comparing ${feed.feed}: ${plural(compared, 'row')}`);
        };
        const report = await verifyStored({ reader, definition, feed, stored, span, onProgress });
        // Tables appear with their first row.
        if (snapshot !== null || report.awaited > 0) reports.set(feed.feed, report);
      }
    }),
  );
  const seconds = ((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1);
  progress.end(`${options.stream}, ${rangeText(spanText(span))}: lake and log compared in ${seconds} s`);
  if (options.json) context.write(`${JSON.stringify(Object.fromEntries(reports))}\n`);
  else context.write(described(reports));
  judge(reports, options, context);
}

/** @throws CliError naming those that go to the lake */
function wantedFeeds(
  definition: StreamDefinition,
  { sinks }: StreamDefinition,
  named: readonly Feed[],
): readonly SinkFeed[] {
  // What goes where is not part of what is put live: every service reads it from its own file.
  const declared =
    sinks?.find(({ type }) => type === 'lake')?.feeds ??
    feedsOf(definition).map((feed) => ({ feed, filter: null, columns: null, metrics: null }));
  const unknown = named.filter((feed) => !declared.some((one) => one.feed === feed));
  if (unknown.length > 0) {
    throw new CliError(
      `${unknown.join(', ')} of ${definition.schema.stream} do not go to the lake`,
      `What does: ${declared.map(({ feed }) => feed).join(', ')}.`,
    );
  }
  return named.length === 0 ? declared : declared.filter(({ feed }) => named.includes(feed));
}

function described(reports: Reports): string {
  const rows = [...reports].map(([feed, { compared, equal, awaited, expired, counts }]) => {
    return [feed, compared, equal, counts.missing, counts.surplus, counts.differs, counts.repeated, awaited, expired];
  });
  const header = [
    'feed',
    'compared',
    'equal',
    'missing',
    'surplus',
    'differ',
    'repeated',
    'not yet there',
    'older than the log',
  ];
  const wrong = [...reports].flatMap(([feed, { differences }]) =>
    differences.slice(0, SHOWN).map(({ kind, partition, offset, key }) => {
      const what = {
        differs: 'is not the same in both',
        missing: 'is not in the lake',
        surplus: 'is in the lake alone',
        repeated: 'is in the lake more than once',
      }[kind];
      return `  ${feed}: ${key ?? 'a row'} (partition ${partition}, offset ${offset}) ${what}\n`;
    }),
  );
  return `${table(header, rows)}${wrong.join('')}`;
}

/** Says how it ended. @throws CliError when it did not end well */
function judge(reports: Reports, { json }: VerifyLakeOptions, context: CliContext): void {
  const sum = (of: (report: VerifyStoredReport) => number): number =>
    [...reports.values()].reduce((total, report) => total + of(report), 0);
  const wrong = sum(({ counts }) => counts.missing + counts.surplus + counts.differs + counts.repeated);
  const compared = sum((report) => report.compared);
  if (wrong > 0) {
    throw new CliError(
      `${plural(wrong, 'row')} of ${compared.toLocaleString('en')} not as the log has them`,
      null,
      DIFFERS,
    );
  }
  if (!json) context.write(`${plural(compared, 'row')} compared: the lake has every one as the log has it, once.\n`);
}

function rangeText(windows: string): string {
  return windows === 'all windows' ? 'everything' : windows.replace(/^windows that begin/, 'rows');
}
