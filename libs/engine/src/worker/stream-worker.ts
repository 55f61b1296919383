import type { GroupConsumer } from '../ports/log';
import type { PartitionSupervisor, StoppedPartition } from '../task/partition-supervisor';

/** One stream's membership in a consumer group, and the tasks it runs for it. */
export interface StreamMember {
  readonly stream: string;
  readonly consumer: GroupConsumer;
  readonly supervisor: PartitionSupervisor;
}

/** Everything a service does with its streams: joins their groups, runs the tasks of what it is given, leaves in order. */
export class StreamWorker {
  constructor(private readonly members: readonly StreamMember[]) {}

  async start(): Promise<void> {
    await Promise.all(this.members.map(({ consumer, supervisor }) => consumer.start(supervisor)));
  }

  /** Leaves the groups. Each task makes a last checkpoint before its partition goes. */
  async stop(hurry?: AbortSignal): Promise<void> {
    await Promise.all(this.members.map(({ consumer }) => consumer.stop(hurry)));
  }

  get stoppedPartitions(): readonly StoppedPartition[] {
    return this.members.flatMap(({ supervisor }) => supervisor.stoppedPartitions);
  }
}
