import type { VisitTracker } from '@tillstream/core';
import { encodeEventBatch, isAbandoned } from '@tillstream/core';
import type { EventBatch } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import { encodeAbandonedCarts, encodeLateRows, encodePurchases, encodeSessions, lateFor } from '@tillstream/contracts';
import type { NewRecord, RecordHeaders } from '../ports/log';
import type { TaskLabels } from '../ports/telemetry';
import type { BatchOutput } from '../task/batch-operator';
import { OrderedAppender } from '../task/ordered-appender';
import type { TaskPorts } from '../task/task-ports';
import { withHeaders } from '../task/with-headers';

const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/** Alerts of all partitions stand in one. */
const ALERTS_PARTITION = 0;

/**
 * Everything that the tracker of one partition says: sessions, attributions, late rows, carts that were left behind; and the
 * rows of both.
 *
 * Law: rows are sent only when all that they speak for is acknowledged. So the newest ones say through where nothing has to be
 * said again.
 */
export class TrackerOutput implements BatchOutput<VisitTracker> {
  private readonly sessions: OrderedAppender;
  private readonly attributions: OrderedAppender;
  private readonly late: OrderedAppender;
  private readonly alerts: OrderedAppender;
  private readonly sessionRows: OrderedAppender;
  private readonly attributionRows: OrderedAppender;
  /** Resolves when all rows so far are on their way. */
  private rowsSent: Promise<void> = Promise.resolve();
  /** Context of the newest traced batch, for what is published on its behalf. */
  private traceHeaders: RecordHeaders = {};

  constructor(
    private readonly ports: TaskPorts,
    private readonly definition: StreamDefinition,
    private readonly partition: number,
  ) {
    const { topics } = definition;
    const appenderOf = (topic: string, target = partition): OrderedAppender =>
      new OrderedAppender(ports.writer, topic, target);
    this.sessions = appenderOf(topics.sessions);
    this.attributions = appenderOf(topics.attributions);
    this.late = appenderOf(topics.late);
    this.alerts = appenderOf(topics.alerts, ALERTS_PARTITION);
    this.sessionRows = appenderOf(topics.sessionRows);
    this.attributionRows = appenderOf(topics.attributionRows);
    for (const counter of ['sessions', 'attributions', 'abandoned_carts', 'late_rows'] as const) this.count(counter, 0);
  }

  speakFor(headers: RecordHeaders): void {
    this.traceHeaders = headers;
  }

  begin(tracker: VisitTracker): void {
    this.gaugeOpen(tracker);
  }

  async publishFinals(tracker: VisitTracker): Promise<void> {
    const news = tracker.takeNews();
    this.tellSessions(news.sessions);
    this.tellAttributions(news.attributions);
    const { sessions, attribution } = this.definition;
    if (sessions) this.tellLate(sessions, news.lateVisits);
    if (attribution) this.tellLate(attribution, news.lateTouches);
    const told = this.allTold();
    const rowsOf = (batches: readonly EventBatch[]): readonly NewRecord[] => this.traced(batches.map(rowsRecord));
    const [sessionRows, attributionRows] = [rowsOf(news.sessionRows), rowsOf(news.attributionRows)];
    this.rowsSent = this.rowsSent
      .then(() => told)
      .then(() => {
        this.sessionRows.enqueue(sessionRows);
        this.attributionRows.enqueue(attributionRows);
      });
    // Whoever looks at the appenders next throws the same failure.
    for (const promise of [told, this.rowsSent]) promise.catch(() => undefined);
    this.gaugeOpen(tracker);
    const pending = this.appenders.reduce((sum, { pendingBytes }) => sum + pendingBytes, 0);
    if (pending > MAX_PENDING_BYTES) await this.published();
  }

  /** Sessions and attributions are told when they are final. */
  publishDue(): Promise<void> {
    return Promise.resolve();
  }

  waits(): number[] {
    return [];
  }

  async published(): Promise<void> {
    await this.rowsSent;
    await Promise.all([this.sessionRows.flush(), this.attributionRows.flush()]);
  }

  assertAlive(): void {
    for (const appender of this.appenders) appender.assertAlive();
  }

  private get appenders(): readonly OrderedAppender[] {
    return [...this.tellers, this.sessionRows, this.attributionRows];
  }

  private get tellers(): readonly OrderedAppender[] {
    return [this.sessions, this.attributions, this.late, this.alerts];
  }

  /** Resolves when all that rows speak for is acknowledged. */
  private async allTold(): Promise<void> {
    await Promise.all(this.tellers.map((appender) => appender.flush()));
  }

  private tellSessions(found: ReturnType<VisitTracker['takeNews']>['sessions']): void {
    if (found.length === 0) return;
    const { exponent } = this.definition.schema.money;
    const abandoned = found.filter(({ told }) => isAbandoned(told));
    this.sessions.enqueue(this.traced(encodeSessions(found, exponent)));
    this.alerts.enqueue(this.traced(encodeAbandonedCarts(abandoned, exponent)));
    this.count('sessions', found.length);
    this.count('abandoned_carts', abandoned.length);
  }

  private tellAttributions(found: ReturnType<VisitTracker['takeNews']>['attributions']): void {
    if (found.length === 0) return;
    const { exponent } = this.definition.schema.money;
    const records = encodePurchases(found, this.partition, exponent);
    this.attributions.enqueue(this.traced(records));
    this.count('attributions', records.length);
  }

  private tellLate(settings: { readonly identity: string }, rows: Parameters<typeof lateFor>[1]): void {
    if (rows.length === 0) return;
    this.late.enqueue(this.traced(encodeLateRows(lateFor(settings, rows), this.partition)));
    this.count('late_rows', rows.length);
  }

  /** A sampled batch's context travels on in the headers of what came of it; values stay the same whoever writes them. */
  private traced(records: readonly NewRecord[]): readonly NewRecord[] {
    return withHeaders(records, this.traceHeaders);
  }

  private count(counter: 'sessions' | 'attributions' | 'abandoned_carts' | 'late_rows', amount: number): void {
    this.ports.telemetry.meter.count(counter, this.labels, amount);
  }

  private gaugeOpen({ openSessions }: VisitTracker): void {
    this.ports.telemetry.meter.gauge('open_sessions', this.labels, openSessions);
  }

  private get labels(): TaskLabels {
    const { schema, topics } = this.definition;
    return { stream: schema.stream, topic: topics.enriched, partition: this.partition };
  }
}

/** Stamped with the newest append time of its range, as the batch it was made of is. */
function rowsRecord(batch: EventBatch): NewRecord {
  const { maxAppendMs } = batch.after;
  const timestampMs = Number.isFinite(maxAppendMs) ? Math.max(0, maxAppendMs) : 0;
  return { key: null, value: encodeEventBatch(batch), timestampMs };
}
