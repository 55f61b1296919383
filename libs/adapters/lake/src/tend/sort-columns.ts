import { feedTables, type Feed, type StreamDefinition } from '@tillstream/contracts';

/** What rows of a feed's files are sorted by, so that who asks for a span of time, or for one metric, reads few row groups. */
export function sortColumns(definition: StreamDefinition, feed: Feed): readonly string[] {
  switch (feed) {
    case 'events':
      return [...timeColumn(definition), '_partition', '_offset', '_index'];
    case 'finals':
      return ['metric', 'definition', '_time', 'id'];
    default:
      return ['_time', '_partition', '_offset', '_index'];
  }
}

function timeColumn(definition: StreamDefinition): readonly string[] {
  const { field } = definition.schema.eventTime;
  const [table] = feedTables(definition, 'events');
  return (table?.columns ?? []).filter(({ of }) => of?.kind === 'field' && of.name === field).map(({ name }) => name);
}
