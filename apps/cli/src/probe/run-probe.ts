import { type ListWindowsRequest, type MetricMessage, toTimestamp, type ValueMap } from '@tillstream/contracts';
import type { CliClock } from '../cli-clock';
import { CliError } from '../cli-context';
import type { PublishAnswer } from '../gateway/gateway-client';
import type { QueryClient } from '../query/query-client';
import { type ResultRow, toRow } from '../query/result-row';

export interface ProbedPlatform {
  publish(body: Buffer): Promise<PublishAnswer>;
  readonly query: Pick<QueryClient, 'listWindows'>;
  readonly clock: CliClock;
  readonly signal: AbortSignal;
}

export interface Probe {
  readonly stream: string;
  readonly metric: MetricMessage;
  /** Of the group that the event counts in; empty: any group. */
  readonly group: ValueMap;
  /** One event as JSON, `{id}` and `{now}` already replaced. */
  readonly event: string;
  readonly timeoutMs: number;
}

export interface Proof {
  /** What has changed. */
  readonly row: ResultRow;
  /** From the gateway's answer until it could be asked for. */
  readonly afterMs: number;
}

const ASK_EVERY_MS = 250;
const PAGE_ROWS = 1_000;
/** Windows that the event may be in begin at most so long ago: a day, the widest that are usual, and a little. */
const LOOK_BACK_MS = 25 * 3_600_000;

/**
 * Sends an event and waits until a number has changed by it.
 *
 * @throws CliError when the event is refused, and when nothing changes in time
 */
export async function runProbe(platform: ProbedPlatform, probe: Probe): Promise<Proof> {
  const { clock, signal } = platform;
  const before = new Map((await rowsOf(platform, probe)).map((row) => [nameOf(row), valueOf(row)]));
  const { rejected } = await platform.publish(Buffer.from(probe.event, 'utf8'));
  const [refused] = rejected;
  if (refused) {
    throw new CliError(`the gateway refuses the event: ${refused.message} (${refused.code} ${refused.path})`.trimEnd());
  }
  const acceptedMs = clock.monotonicMs();
  while (!signal.aborted) {
    const afterMs = clock.monotonicMs() - acceptedMs;
    const row = (await rowsOf(platform, probe)).find((now) => before.get(nameOf(now)) !== valueOf(now));
    if (row) return { row, afterMs };
    if (afterMs >= probe.timeoutMs) {
      throw new CliError(
        `the event was accepted, but nothing of ${probe.metric.name} has changed within ${probe.timeoutMs / 1000} s`,
        'Does the metric count it? `till lag` tells which service is behind.',
      );
    }
    await clock.sleep(ASK_EVERY_MS, signal);
  }
  throw new CliError('interrupted before anything had changed');
}

async function rowsOf({ query, clock }: ProbedPlatform, { stream, metric, group }: Probe): Promise<ResultRow[]> {
  const request: Partial<ListWindowsRequest> = {
    stream,
    metric: metric.name,
    from: toTimestamp(clock.nowMs() - LOOK_BACK_MS),
    group,
    pageSize: PAGE_ROWS,
  };
  const rows: ResultRow[] = [];
  let pageToken = '';
  do {
    const page = await query.listWindows({ ...request, pageToken });
    rows.push(...page.windows.map(toRow));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return rows;
}

const nameOf = ({ window_start, group }: ResultRow): string => JSON.stringify([window_start, group]);
const valueOf = ({ measures }: ResultRow): string => JSON.stringify(measures);
