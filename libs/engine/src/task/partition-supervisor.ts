import type { AssignmentHandler, PartitionSource } from '../ports/log';
import { SourceRevokedError, OffsetOutOfRangeError } from '../ports/log';
import type { TaskLabels } from '../ports/telemetry';
import { StopPartitionError, TaskRenewalError } from './stop-partition';
import type { TaskPorts } from './task-ports';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** A stopped partition looks again this often whether somebody has removed the cause (a gap, a restored topic). */
const STOPPED_RETRY_MS = 15_000;

/** The work on one assigned partition. */
export interface PartitionTask {
  /** Works until something throws. */
  run(): Promise<never>;
  /** A last checkpoint, for a shutdown in order. */
  drain?(): Promise<void>;
  /** Nothing is written any more. */
  close?(): void;
}

export type OpenTask = (source: PartitionSource) => Promise<PartitionTask>;

/** A partition that stands still until somebody acts. */
export interface StoppedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly reason: string;
}

/**
 * Runs one task per assigned partition and keeps each failure where it belongs.
 *
 * A task whose memory is spent or whose dependency broke is opened anew, from what the log and the store really hold;
 * a partition that must not be passed stops alone, says why, and is looked at again from time to time.
 */
export class PartitionSupervisor implements AssignmentHandler {
  private readonly running = new Map<string, Promise<void>>();
  private readonly stopped = new Map<string, StoppedPartition>();

  constructor(
    private readonly ports: Pick<TaskPorts, 'clock' | 'telemetry'>,
    private readonly open: OpenTask,
    /** Whose partitions they are, for metrics. */
    private readonly stream?: string,
  ) {}

  assigned(source: PartitionSource): void {
    this.ports.telemetry.meter.count('task_restarts', this.labelsOf(source), 0);
    const lane = laneOf(source.topic, source.partition);
    const previous = this.running.get(lane) ?? Promise.resolve();
    const work = previous.then(() => this.supervise(source));
    this.running.set(lane, work);
    void work.finally(() => {
      if (this.running.get(lane) === work) this.running.delete(lane);
    });
  }

  async revoked(topic: string, partition: number): Promise<void> {
    await this.running.get(laneOf(topic, partition));
  }

  /** Partitions that stand still, for readiness and metrics. */
  get stoppedPartitions(): readonly StoppedPartition[] {
    return [...this.stopped.values()];
  }

  /** Never rejects. */
  private async supervise(source: PartitionSource): Promise<void> {
    const lane = laneOf(source.topic, source.partition);
    let retryMs = FIRST_RETRY_MS;
    for (let ended = false; !ended;) {
      const startedMs = this.ports.clock.monotonicMs();
      const cause = await this.live(source);
      if (this.ports.clock.monotonicMs() - startedMs > LAST_RETRY_MS) retryMs = FIRST_RETRY_MS;
      if (cause instanceof SourceRevokedError) {
        ended = true;
      } else if (cause instanceof TaskRenewalError) {
        this.ports.telemetry.log.info('task_renewed', { ...this.labelsOf(source), reason: cause.reason });
        ended = source.isRevoked();
      } else if (cause instanceof StopPartitionError || cause instanceof OffsetOutOfRangeError) {
        this.report(source, cause);
        ended = await this.rest(source, STOPPED_RETRY_MS);
      } else {
        this.ports.telemetry.meter.count('task_restarts', this.labelsOf(source), 1);
        this.ports.telemetry.log.warn('task_restarts', { ...this.labelsOf(source), cause: describe(cause) });
        ended = await this.rest(source, retryMs);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
    this.stopped.delete(lane);
    this.ports.telemetry.meter.gauge('stopped', this.labelsOf(source), 0);
  }

  /** One life of a task: how it ended. */
  private async live(source: PartitionSource): Promise<unknown> {
    let task: PartitionTask | null = null;
    try {
      task = await this.open(source);
      this.stopped.delete(laneOf(source.topic, source.partition));
      this.ports.telemetry.meter.gauge('stopped', this.labelsOf(source), 0);
      return await task.run();
    } catch (cause) {
      // The partition is leaving in order: what was applied may as well be kept. If it is too late, the fence says so.
      if (cause instanceof SourceRevokedError) await task?.drain?.().catch(() => undefined);
      return cause;
    } finally {
      task?.close?.();
    }
  }

  private labelsOf({ topic, partition }: PartitionSource): TaskLabels {
    return this.stream === undefined ? { topic, partition } : { stream: this.stream, topic, partition };
  }

  private report(source: PartitionSource, cause: StopPartitionError | OffsetOutOfRangeError): void {
    const lane = laneOf(source.topic, source.partition);
    const { topic, partition } = source;
    if (!this.stopped.has(lane)) {
      this.ports.telemetry.meter.count('partition_stops', { ...this.labelsOf(source), code: cause.code }, 1);
      this.ports.telemetry.log.warn('partition_stopped', { topic, partition, code: cause.code, reason: cause.message });
    }
    this.stopped.set(lane, { topic, partition, reason: cause.message });
    this.ports.telemetry.meter.gauge('stopped', this.labelsOf(source), 1);
  }

  /** Waits before the next life; true when the partition has been taken away meanwhile. */
  private async rest(source: PartitionSource, ms: number): Promise<boolean> {
    const untilMs = this.ports.clock.monotonicMs() + ms;
    while (this.ports.clock.monotonicMs() < untilMs) {
      if (source.isRevoked()) return true;
      await this.ports.clock.sleep(Math.min(FIRST_RETRY_MS, ms));
    }
    return source.isRevoked();
  }
}

function laneOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
