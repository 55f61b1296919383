import type { Environment } from './parse-environment';

/**
 * What the environment says of one sink: `TILLSTREAM_SINK_LAKE_WHERE` is `WHERE` of the sink `lake`; a `-` of its name is a `_` there.
 * A variable that is set to nothing counts as not set.
 */
export function sinkVariables(environment: Environment, sink: string): Readonly<Record<string, string>> {
  const prefix = `TILLSTREAM_SINK_${sink.toUpperCase().replaceAll('-', '_')}_`;
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name.startsWith(prefix) && value !== undefined && value !== '' ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}
