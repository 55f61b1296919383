import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';

/**
 * The newest definition with everything that was ever declared beside it. A final belongs into the same table whenever it is read; were
 * the metrics of one file known only, a final that is read again behind another file would go into another one.
 *
 * @param file with which the service was started; it may be ahead of what was put live
 */
export function everDeclared(file: StreamDefinition, history: DefinitionHistory): StreamDefinition {
  const { newest } = history;
  const [own, ...derived] = history.streams();
  const all = [file, ...history.definitions()];
  const sessions = all.findLast((one) => one.sessions !== undefined)?.sessions;
  const attribution = all.findLast((one) => one.attribution !== undefined)?.attribution;
  const streams = new Map(all.flatMap((one) => (one.derived ?? []).map((stream) => [stream.of, stream] as const)));
  const metricsOf = ({ schema }: StreamDefinition, declared: StreamDefinition['metrics']) =>
    derived.find((stream) => stream.newest.schema.stream === schema.stream)?.metrics() ?? declared;
  return {
    ...newest,
    metrics: own?.metrics() ?? newest.metrics,
    ...(sessions && { sessions }),
    ...(attribution && { attribution }),
    derived: [...streams.values()].map(({ of, definition }) => {
      return { of, definition: { ...definition, metrics: metricsOf(definition, definition.metrics) } };
    }),
  };
}
