import type { CheckpointStore } from '../ports/checkpoint-store';
import type { Clock, Random } from '../ports/clock';
import type { LogReader, LogWriter } from '../ports/log';
import type { TaskTelemetry } from '../ports/telemetry';

/** The outside world, as tasks see it. */
export interface TaskPorts {
  readonly writer: LogWriter;
  readonly reader: LogReader;
  readonly store: CheckpointStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: TaskTelemetry;
}
