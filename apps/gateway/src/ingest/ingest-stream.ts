import type { StreamDefinition } from '@tillstream/contracts';
import { BodySplitter } from '@tillstream/core';
import type { IngestStream } from './publisher';

/** A declared stream, as the gateway sees it. */
export function ingestStreamOf({ schema, topics }: StreamDefinition): IngestStream {
  return { name: schema.stream, rawTopic: topics.raw, splitter: new BodySplitter(schema) };
}
