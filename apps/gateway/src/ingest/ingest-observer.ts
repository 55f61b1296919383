import type { IngestMetrics, Refusal } from '@tillstream/adapter-telemetry';
import type { ServiceLogger } from '@tillstream/nest-runtime';
import type { PublishObserver } from './publisher';
import { refusalOf } from './refusals';
import type { SplitBody } from './splitter';

/** Counts what becomes of bodies, and says in the log when the raw log goes away and when it is back: not for every body. */
export class IngestObserver implements PublishObserver {
  private away = false;

  constructor(
    private readonly metrics: IngestMetrics,
    private readonly logger: ServiceLogger,
  ) {}

  /** @param refusal where the status alone does not say why */
  answered(transport: 'http' | 'grpc', status: string, seconds: number, refusal: Refusal | null = null): void {
    this.metrics.answered(transport, status, seconds);
    const code = refusal ?? refusalOf(status);
    if (code !== null) this.metrics.refused(transport, code);
  }

  published(stream: string, split: SplitBody | null, bytes: number): void {
    const { accepted = 0, rejectedCounts = { 'empty-body': 1 } } = split ?? {};
    if (accepted > 0) this.metrics.accepted(stream, accepted, bytes);
    for (const [reason, count] of Object.entries(rejectedCounts)) this.metrics.rejected(stream, reason, count);
    if (accepted === 0 || !this.away) return;
    this.away = false;
    this.logger.info({ stream }, 'log_takes_events_again');
  }

  appended(stream: string, seconds: number): void {
    this.metrics.appended(stream, seconds);
  }

  unavailable(stream: string, cause: unknown): void {
    this.metrics.unavailable(stream);
    if (this.away) return;
    this.away = true;
    this.logger.warn({ stream, error: cause }, 'log_takes_no_events');
  }
}
