import type { ConnectorMetrics } from '@tillstream/adapter-telemetry';
import type { ServiceLogger } from '@tillstream/nest-runtime';
import type { Delivery } from './gateway/gateway-door';
import type { EventBody } from './relay/event-queue';
import type { RelayObserver } from './relay/relay';

/** Of the events of one body that the gateway refused, so many are told in the log. */
const TOLD_REJECTIONS = 3;

/** Counts what becomes of connections and events, says in the log what changes, and knows what is missing. */
export class ConnectorObserver implements RelayObserver {
  private source: string | null = 'not connected yet';
  private door: string | null = null;
  private hasWarnedOfIds = false;

  constructor(
    private readonly stream: string,
    private readonly metrics: ConnectorMetrics,
    private readonly logger: ServiceLogger,
  ) {}

  /** Null: the source is being read. */
  get sourceProblem(): string | null {
    return this.source;
  }

  /** Null: the gateway takes what it is given. */
  get doorProblem(): string | null {
    return this.door;
  }

  opened(lastEventId: string | null): void {
    this.source = null;
    this.metrics.opened(this.stream);
    this.logger.info({ lastEventId }, 'source_connected');
  }

  closed(reason: string, message: string, pauseMs: number | null): void {
    this.metrics.closed(this.stream, reason);
    // Sources end connections now and then; that is how they are moved to other servers.
    if (reason === 'ended') return this.logger.info({ pauseMs }, 'source_ended_the_connection');
    this.source = message;
    this.logger.warn({ reason, problem: message, pauseMs }, 'source_not_readable');
  }

  received(events: number): void {
    this.metrics.received(this.stream, events);
  }

  passedOver(type: string): void {
    this.logger.warn({ type }, 'event_of_another_type_passed_over');
  }

  delivered({ lastId }: EventBody, { accepted, rejected }: Delivery): void {
    if (this.door !== null) this.logger.info({ lastEventId: lastId }, 'gateway_takes_events_again');
    this.door = null;
    if (lastId === null && !this.hasWarnedOfIds) {
      this.hasWarnedOfIds = true;
      this.logger.warn({ stream: this.stream }, 'source_gives_no_ids');
    }
    this.metrics.delivered(this.stream, accepted);
    for (const { code } of rejected) this.metrics.rejected(this.stream, code);
    for (const rejection of rejected.slice(0, TOLD_REJECTIONS)) this.logger.warn({ ...rejection }, 'event_refused');
  }

  notDelivered(message: string, pauseMs: number): void {
    this.metrics.notDelivered(this.stream);
    if (this.door === null) this.logger.warn({ problem: message, pauseMs }, 'gateway_takes_no_events');
    this.door = message;
  }
}
