import type { Environment } from '@tillstream/config';
import { ConfigError, sinkVariables } from '@tillstream/config';
import type { SinkDefinition, StreamDefinition } from '@tillstream/contracts';
import { formatProblems, sinkProblem } from '@tillstream/contracts';
import type { OpenedSink, SinkEnvironment, SinkKind } from '@tillstream/engine';
import { PreparedSink } from '@tillstream/engine';

/** A sink of this process. */
export interface DeclaredSink {
  readonly definition: StreamDefinition;
  readonly sink: PreparedSink;
}

/**
 * Opens every sink that the stream files declare; reaches nothing outside yet.
 *
 * @throws ConfigError with all that is wrong with any of them, each with its place in its file
 */
export function openSinks(
  definitions: readonly StreamDefinition[],
  kinds: readonly SinkKind[],
  environment: Environment,
  world: Omit<SinkEnvironment, 'variables'>,
): readonly DeclaredSink[] {
  const problems: string[] = [];
  const sinks = definitions.flatMap((definition) =>
    (definition.sinks ?? []).flatMap((declared): DeclaredSink | [] => {
      const variables = sinkVariables(environment, declared.name);
      const opened = openSink(definition, declared, kinds, { ...world, variables });
      if (opened.ok) return { definition, sink: new PreparedSink(declared, opened.sink) };
      problems.push(formatProblems(definition.file, opened.problems));
      return [];
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return sinks;
}

function openSink(
  definition: StreamDefinition,
  declared: SinkDefinition,
  kinds: readonly SinkKind[],
  environment: SinkEnvironment,
): OpenedSink {
  const kind = kinds.find(({ type }) => type === declared.type);
  if (kind) return kind.open(declared, definition, environment);
  const message = `${declared.type} is no kind of sink that this service brings: ${kinds.map(({ type }) => type).join(', ')}`;
  return { ok: false, problems: [sinkProblem(declared, ['type'], message)] };
}
