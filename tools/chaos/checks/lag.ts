import { KafkaAdmin } from '@tillstream/adapter-kafka';
import { AGGREGATOR, ENRICHER } from '@tillstream/engine';
import { streamsOf, type StreamDefinition } from '@tillstream/contracts';

/** Partitions in which a service is still behind. */
export async function lagging(broker: string, definition: StreamDefinition): Promise<readonly string[]> {
  const { schema, topics } = definition;
  const aggregated = streamsOf(definition).flatMap((stream) => [stream.topics.enriched, stream.topics.parts]);
  const admin = new KafkaAdmin({ brokers: [broker], clientId: 'chaos-lag' });
  try {
    const groups = [
      { service: ENRICHER, reads: [topics.raw] },
      { service: AGGREGATOR, reads: aggregated },
    ];
    const lags = await Promise.all(
      groups.map(async ({ service, reads }) =>
        (await admin.groupLag(`${schema.stream}.${service}`, reads))
          .filter(({ lag }) => lag > 0)
          .map(
            ({ topic, partition, committed, end }) =>
              `${service} is at ${committed} of ${end} in ${topic}/${partition}`,
          ),
      ),
    );
    return lags.flat();
  } finally {
    await admin.close();
  }
}
