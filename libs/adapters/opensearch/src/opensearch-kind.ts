import { feedTables, readSinkSettings, sinkProblem } from '@tillstream/contracts';
import type { SinkDefinition, StreamDefinition, StreamFileProblem } from '@tillstream/contracts';
import { addressOf } from '@tillstream/engine';
import type { OpenedSink, SinkEnvironment, SinkKind } from '@tillstream/engine';
import { OpenSearchSink } from './opensearch-sink';
import { SETTINGS } from './settings';

/** OpenSearch, or Elasticsearch: what Tillstream asks of them is the same. */
export const openSearchSinkKind: SinkKind = { type: 'opensearch', open };

function open(sink: SinkDefinition, definition: StreamDefinition, environment: SinkEnvironment): OpenedSink {
  const read = readSinkSettings(sink, SETTINGS);
  const problems: StreamFileProblem[] = read.ok ? [] : [...read.problems];
  const prefix = `TILLSTREAM_SINK_${sink.name.toUpperCase().replaceAll('-', '_')}_`;
  const nodes = (addressOf(sink, environment) ?? '').split(',').map((node) => node.trim());
  const refusal = nodes.map((node) => refusedNode(node, prefix)).find((reason) => reason !== null);
  if (refusal !== undefined && refusal !== null) problems.push(sinkProblem(sink, ['where'], refusal));
  const { USER: username, PASSWORD: password, API_KEY: apiKey } = environment.variables;
  if ((username === undefined) !== (password === undefined)) {
    problems.push(sinkProblem(sink, [], `${prefix}USER and ${prefix}PASSWORD are set together or not at all`));
  }
  if (read.ok) problems.push(...unknownTexts(sink, definition, read.settings.text));
  if (!read.ok || problems.length > 0) return { ok: false, problems };
  const address = {
    nodes,
    auth: username === undefined || password === undefined ? null : { username, password },
    apiKey: apiKey ?? null,
    timeoutMs: read.settings.timeout,
    variables: prefix,
  };
  return { ok: true, sink: new OpenSearchSink(definition, read.settings, address) };
}

/** Why this cannot be a node's address; null: it can. */
function refusedNode(node: string, prefix: string): string | null {
  if (node === '') return `is missing: give an address such as https://search.example:9200 there or in ${prefix}WHERE`;
  if (!URL.canParse(node) || !/^https?:\/\//.test(node)) {
    return `must be an address such as https://search.example:9200, of several nodes with commas between them`;
  }
  const { username, password } = new URL(node);
  return username === '' && password === ''
    ? null
    : `must have no credentials in it: give them in ${prefix}USER and ${prefix}PASSWORD`;
}

function unknownTexts(
  sink: SinkDefinition,
  definition: StreamDefinition,
  text: readonly string[],
): readonly StreamFileProblem[] {
  const tables = sink.feeds.flatMap(({ feed }) => feedTables(definition, feed));
  const known = new Set(tables.flatMap(({ columns }) => columns.map(({ name }) => name)));
  return text
    .filter((name) => !known.has(name))
    .map((name) => sinkProblem(sink, ['text'], `there is no column ${name} in what goes to this sink`));
}
