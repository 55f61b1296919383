import type { DerivedStream, StreamDefinition } from '@tillstream/contracts';
import { derivedOf } from '@tillstream/contracts';
import type { MetricDefinition, SessionsDefinition } from '@tillstream/core';
import type { TaskPorts } from '@tillstream/engine';
import type { PlainDefinition, PlainMetric } from '../oracle/raw-oracle';

/** What a metric is called that is computed a second time, over the derived stream. */
const again = (name: string): string => `${name}_again`;

/**
 * A stream that derives another one from itself whose rows are its events, with the same metrics under other names: so the
 * oracle of events knows what must come of metrics over a derived stream, late rows among them.
 */
export function mirrored(definition: StreamDefinition): StreamDefinition {
  const { schema, topics } = definition;
  const own = { ...topics, enriched: topics.sessionRows, parts: topics.sessionParts };
  const mirror: StreamDefinition = {
    ...definition,
    schema: { ...schema, stream: `${schema.stream}.sessions` },
    metrics: definition.metrics.map(renamed),
    topics: own,
  };
  const of = derivedOf(mirror) as DerivedStream['of'];
  // That it has sessions gives the stream the topics of these. Nobody computes any.
  const sessions = { identity: 'sessions@00000000', gapMs: 0, outOfOrdernessMs: 0 } as SessionsDefinition;
  return { ...definition, sessions, derived: [{ of, definition: mirror }] };
}

function renamed(metric: MetricDefinition): MetricDefinition {
  const { name, identity, alert } = metric;
  const anew = (text: string): string => text.replace(name, again(name));
  return {
    ...metric,
    name: again(name),
    identity: anew(identity),
    ...(alert && { alert: { ...alert, identity: anew(alert.identity) } }),
  };
}

export function mirroredPlain(plain: PlainDefinition): PlainDefinition {
  const metrics: Record<string, PlainMetric> = { ...plain.metrics };
  for (const [name, metric] of Object.entries(plain.metrics)) metrics[again(name)] = metric;
  return { ...plain, metrics };
}

/** Whatever is appended to `enriched` is appended to the rows of the derived stream first: its chain goes further, and is whole. */
export function mirroring({ topics }: StreamDefinition): (ports: TaskPorts) => TaskPorts {
  return (ports) => ({
    ...ports,
    writer: {
      append: async (topic, partition, records) => {
        if (topic === topics.enriched) await ports.writer.append(topics.sessionRows, partition, records);
        return ports.writer.append(topic, partition, records);
      },
    },
  });
}
