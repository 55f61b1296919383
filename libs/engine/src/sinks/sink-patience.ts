import type { PartitionSource } from '../ports/log';
import { SourceRevokedError } from '../ports/log';
import { SinkRefusedError, SinkUnavailableError } from '../ports/sink';
import type { TaskLabels } from '../ports/telemetry';
import { StopPartitionError } from '../task/stop-partition';
import type { TaskPorts } from '../task/task-ports';

const FIRST_WAIT_MS = 200;
const LAST_WAIT_MS = 15_000;
const LOOK_EVERY_MS = 200;

/** Asks a store until it answers, with growing pauses; ends when the partition is taken away or the store wants a person. */
export class SinkPatience {
  private waiting = false;

  constructor(
    private readonly task: string,
    private readonly ports: Pick<TaskPorts, 'clock' | 'telemetry'>,
    private readonly source: PartitionSource,
    private readonly labels: TaskLabels,
  ) {}

  /** The store did not answer when it was last asked. */
  get isWaiting(): boolean {
    return this.waiting;
  }

  /**
   * @throws StopPartitionError when the store refuses to take anything, SourceRevokedError when the partition is taken away
   *   meanwhile, and whatever else `work` throws but SinkUnavailableError
   */
  async until<T>(work: () => Promise<T>): Promise<T> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LAST_WAIT_MS)) {
      try {
        const result = await work();
        this.answered();
        return result;
      } catch (cause) {
        if (cause instanceof SinkRefusedError) {
          throw new StopPartitionError('sink-refused', this.task, cause.message, { cause });
        }
        if (!(cause instanceof SinkUnavailableError)) throw cause;
        this.unanswered(cause);
        await this.rest(cause.retryAfterMs ?? waitMs);
      }
    }
  }

  private answered(): void {
    const { telemetry } = this.ports;
    if (this.waiting) telemetry.log.info('sink_answers_again', { task: this.task });
    this.waiting = false;
    telemetry.meter.gauge('sink_up', this.labels, 1);
  }

  private unanswered(cause: SinkUnavailableError): void {
    const { telemetry } = this.ports;
    if (!this.waiting) telemetry.log.warn('sink_does_not_answer', { task: this.task, cause: cause.message });
    this.waiting = true;
    telemetry.meter.gauge('sink_up', this.labels, 0);
  }

  private async rest(ms: number): Promise<void> {
    const { clock } = this.ports;
    const untilMs = clock.monotonicMs() + ms;
    for (let nowMs = clock.monotonicMs(); nowMs < untilMs; nowMs = clock.monotonicMs()) {
      if (this.source.isRevoked()) throw new SourceRevokedError(this.source.topic, this.source.partition);
      await clock.sleep(Math.min(untilMs - nowMs, LOOK_EVERY_MS));
    }
  }
}
