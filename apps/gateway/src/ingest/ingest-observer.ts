import type { IngestMetrics } from '@tillstream/adapter-telemetry';
import type { ServiceLogger } from '@tillstream/nest-runtime';
import type { PublishObserver } from './publisher';

/** Counts what becomes of bodies, and says in the log when the raw log goes away and when it is back: not for every body. */
export class IngestObserver implements PublishObserver {
  private away = false;

  constructor(
    private readonly metrics: IngestMetrics,
    private readonly logger: ServiceLogger,
  ) {}

  answered(transport: 'http' | 'grpc', status: string, seconds: number): void {
    this.metrics.answered(transport, status, seconds);
  }

  published: PublishObserver['published'] = (stream, accepted, rejected, bytes) => {
    if (accepted > 0) this.metrics.accepted(stream, accepted, bytes);
    for (const [reason, count] of countByCode(rejected)) this.metrics.rejected(stream, reason, count);
    if (accepted === 0 || !this.away) return;
    this.away = false;
    this.logger.info({ stream }, 'log_takes_events_again');
  };

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

function countByCode(rejected: readonly { readonly code: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { code } of rejected) counts.set(code, (counts.get(code) ?? 0) + 1);
  return counts;
}
