import { setTimeout } from 'node:timers/promises';
import type { PartitionLag } from '@tillstream/adapter-kafka';
import { keptName, streamsOf, type StreamDefinition } from '@tillstream/contracts';
import { AGGREGATOR, ENRICHER, sinkGroup, sinkInputs, trackerInputs } from '@tillstream/engine';
import type { KafkaAccess } from './kafka-access';

/** A consumer group of the platform. */
export interface StreamGroup {
  readonly group: string;
  /** The topics it reads. */
  readonly reads: readonly string[];
}

const ATTEMPTS = 20;
const PAUSE_MS = 250;

/** The groups of a stream: one for each service that reads its topics, and one for each store outside. */
export function groupsOf(definition: StreamDefinition): readonly StreamGroup[] {
  const { topics } = definition;
  const name = keptName(definition);
  const aggregated = streamsOf(definition).flatMap((stream) => [stream.topics.enriched, stream.topics.parts]);
  return [
    { group: `${name}.${ENRICHER}`, reads: [topics.raw] },
    { group: `${name}.${AGGREGATOR}`, reads: aggregated },
    ...(definition.derived ? [{ group: `${name}.session-tracker`, reads: trackerInputs(definition) }] : []),
    ...(definition.sinks ?? []).map((sink) => ({
      group: sinkGroup(definition, sink),
      reads: sinkInputs(definition, sink),
    })),
  ];
}

/** Where a group is kept takes a broker a moment to know after its start, and after another broker has left. */
export async function lagOfGroup(
  admin: Pick<KafkaAccess['admin'], 'groupLag'>,
  { group, reads }: StreamGroup,
): Promise<PartitionLag[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await admin.groupLag(group, reads);
    } catch (error) {
      if (attempt >= ATTEMPTS || (error as { readonly retriable?: boolean }).retriable !== true) throw error;
      await setTimeout(PAUSE_MS);
    }
  }
}
