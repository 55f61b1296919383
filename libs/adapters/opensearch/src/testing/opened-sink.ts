import { aSink, aSinkEnvironment, sinkStream } from '@tillstream/engine/testing';
import type { StreamDefinition } from '@tillstream/contracts';
import type { Sink } from '@tillstream/engine';
import { openSearchSinkKind } from '../opensearch-kind';

/** A sink as a stream file declares it, with short patience. */
export function openedSink(
  where: string,
  settings: object,
  {
    definition = sinkStream(),
    variables = {},
  }: { readonly definition?: StreamDefinition; readonly variables?: Readonly<Record<string, string>> } = {},
): Sink {
  const usual = { index: { number_of_shards: 1, number_of_replicas: 0 }, timeout: '5s' };
  const sink = aSink({ type: 'opensearch', name: 'search', where, settings: { ...usual, ...settings } });
  const opened = openSearchSinkKind.open(sink, definition, aSinkEnvironment(variables));
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems));
  return opened.sink;
}
