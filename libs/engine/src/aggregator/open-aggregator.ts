import type { StreamDefinition } from '@tillstream/contracts';
import { streamsOf } from '@tillstream/contracts';
import { AlertTask } from '../alerts/alert-task';
import { MergeTask } from '../merge/merge-task';
import type { PartitionSource } from '../ports/log';
import type { PartitionTask } from '../task/partition-supervisor';
import type { TaskPorts } from '../task/task-ports';
import { openAggregatorTask } from './aggregator-task';

/** The topics whose partitions the replicas of the aggregator share: those of a stream, and of what is derived from it. */
export function aggregatorInputs(definition: StreamDefinition): readonly string[] {
  return [...streamsOf(definition).flatMap(({ topics }) => [topics.enriched, topics.parts]), definition.topics.alerts];
}

/** The task for one partition of an input. */
export function openAggregator(
  ports: TaskPorts,
  definition: StreamDefinition,
  source: PartitionSource,
): Promise<PartitionTask> {
  if (source.topic === definition.topics.alerts) return AlertTask.open(ports, definition, source);
  for (const stream of streamsOf(definition)) {
    if (source.topic === stream.topics.enriched) return openAggregatorTask(ports, stream, source);
    if (source.topic === stream.topics.parts) return MergeTask.open(ports, stream, source);
  }
  throw new Error(`${source.topic} is none of the topics that the aggregator reads`);
}
