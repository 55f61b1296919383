import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';

/**
 * The newest definition with every metric that was ever declared. A final belongs into the same table whenever it is read; were
 * the metrics of one file known only, a final that is read again behind another file would go into another one.
 */
export function everDeclared(history: DefinitionHistory): StreamDefinition {
  const [own, ...derived] = history.streams();
  const { newest } = history;
  return {
    ...newest,
    metrics: own?.metrics() ?? newest.metrics,
    ...(newest.derived && {
      derived: newest.derived.map((stream) => {
        const { schema } = stream.definition;
        const streamHistory = derived.find((candidate) => candidate.newest.schema.stream === schema.stream);
        return { ...stream, definition: { ...stream.definition, metrics: streamHistory?.metrics() ?? [] } };
      }),
    }),
  };
}
