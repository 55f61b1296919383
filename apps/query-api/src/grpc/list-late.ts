import {
  parseInstant,
  toDuration,
  toTimestamp,
  type LateEntry,
  type LateRowMessage,
  type ListLateRequest,
  type ListLateResponse,
  type StreamDefinition,
} from '@tillstream/contracts';
import { latePlaceAt, lateRowsFrom, type LatePlace, type LogReader } from '@tillstream/engine';
import type { ServedStream } from '../results/served-stream';
import { instantOf } from './instants';
import { MAX_PAGE_BYTES, pageRows } from './page-rows';
import { invalid } from './refusals';
import { metricOf, type FollowedStream } from './streams';
import { decodeLateToken, encodeLateToken, questionDigest, type LatePageEnd } from './tokens';

/** So many records of the late topic are looked through for a page; each holds up to half a MiB of rows. */
const MAX_PAGE_RECORDS = 64;
const ROW_OVERHEAD_BYTES = 160;
const EARLIER_DERIVED = /^(sessions|attribution)@/;
/** Append times go by a broker's clock, which may be set back this far. */
const CLOCK_SLACK_MS = 60 * 60 * 1000;

/** One page of the late ledger, read from its topic: no view holds it. */
export async function listLate(
  { stream }: FollowedStream,
  request: ListLateRequest,
  log: LogReader,
  signal: AbortSignal,
): Promise<ListLateResponse> {
  const { definition } = stream;
  const identity = request.metric === '' ? null : identityOf(stream, request.metric);
  const [fromMs, toMs] = [instantOf(request.from), instantOf(request.to)];
  if (fromMs !== null && toMs !== null && fromMs >= toMs) throw invalid('from must be before to');
  const question = questionDigest('late', definition.schema.stream, identity, fromMs, toMs);
  const after = decodeLateToken(question, request.pageToken);
  const limit = pageRows(request.pageSize);
  const isWanted = ({ entry, eventMs }: DatedEntry): boolean =>
    (identity === null || entry.identity === identity) &&
    (fromMs === null || eventMs >= fromMs) &&
    (toMs === null || eventMs < toMs);

  const page = new LatePage(limit, (end) => encodeLateToken(question, end));
  for (let partition = after?.partition ?? 0; partition < definition.schema.partitions; partition++) {
    const isFirst = partition === after?.partition;
    const place = isFirst ? after.place : await beginOf(log, definition, partition, fromMs);
    const end = await log.end(definition.topics.late, partition);
    for await (const { entry, after: behind } of lateRowsFrom(log, definition, partition, place, end)) {
      const dated = entry && { entry, eventMs: eventTimeOf(entry, stream) };
      if (dated && isWanted(dated)) page.add(dated);
      page.moveTo({ partition, place: behind }, entry === null);
      if (page.isFull || signal.aborted) return page.answer(true);
    }
  }
  return page.answer(false);
}

/** A late row with its event time, epoch ms. */
interface DatedEntry {
  readonly entry: LateEntry;
  readonly eventMs: number;
}

class LatePage {
  private readonly rows: LateRowMessage[] = [];
  private bytes = 0;
  private records = 0;
  private end: LatePageEnd | null = null;

  constructor(
    private readonly limit: number,
    private readonly token: (end: LatePageEnd) => string,
  ) {}

  get isFull(): boolean {
    return this.rows.length >= this.limit || this.bytes > MAX_PAGE_BYTES || this.records >= MAX_PAGE_RECORDS;
  }

  add(dated: DatedEntry): void {
    this.rows.push(toMessage(dated));
    this.bytes += ROW_OVERHEAD_BYTES + dated.entry.json.length;
  }

  moveTo(end: LatePageEnd, isRecordEnd: boolean): void {
    this.end = end;
    if (isRecordEnd) this.records += 1;
  }

  answer(hasMore: boolean): ListLateResponse {
    return { rows: this.rows, nextPageToken: hasMore && this.end ? this.token(this.end) : '' };
  }
}

/** A row is told after it has arrived, and no event is further ahead of its arrival than the stream tolerates. */
function beginOf(
  log: LogReader,
  definition: StreamDefinition,
  partition: number,
  fromMs: number | null,
): Promise<LatePlace> {
  const { futureToleranceMs } = definition.schema.eventTime;
  return latePlaceAt(log, definition, partition, (fromMs ?? 0) - futureToleranceMs - CLOCK_SLACK_MS);
}

/** What is late is for metrics, and for what is derived: one of these by its name, or by its name and definition. */
function identityOf(stream: ServedStream, name: string): string {
  const { sessions, attribution } = stream.definition;
  const derived = [sessions, attribution].flatMap((declared) => declared?.identity ?? []);
  const current = derived.find((identity) => identity === name || identity.split('@')[0] === name);
  if (current !== undefined) return current;
  // Of an earlier definition, whose late rows are still there.
  return EARLIER_DERIVED.test(name) ? name : metricOf(stream, name).metric.identity;
}

/** Rows that missed sessions or attributions are events. */
function eventTimeOf({ identity, json }: LateEntry, stream: ServedStream): number {
  const row = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const field = stream.metricNamed(identity)?.timeField ?? stream.definition.schema.eventTime.field;
  return parseInstant(row[field]) ?? NaN;
}

function toMessage({ entry, eventMs }: DatedEntry): LateRowMessage {
  const { metric, identity, partition, offset, index, latenessMs, missedMs, json } = entry;
  return {
    metric,
    definition: identity.slice(identity.lastIndexOf('@') + 1),
    position: { partition, offset: String(offset), index },
    eventTime: Number.isNaN(eventMs) ? null : toTimestamp(eventMs),
    lateness: toDuration(latenessMs),
    missed: missedMs.map(toTimestamp),
    row: json,
  };
}
