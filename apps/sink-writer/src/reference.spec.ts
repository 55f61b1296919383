import { readFileSync } from 'node:fs';
import { sinkVariables } from '@tillstream/config';
import { formatProblems } from '@tillstream/contracts';
import type { SinkDefinition, StreamFileProblem } from '@tillstream/contracts';
import { definitionFrom, smallDefinition } from '@tillstream/contracts/testing';
import type { SinkKind } from '@tillstream/engine';
import { aSinkEnvironment } from '@tillstream/engine/testing';
import { SINK_KINDS } from './sink-kinds';

const page = readFileSync('docs/stream-files.md', 'utf8');
const [, example = ''] = /```yaml\n(sinks:\n[^]*?)```/.exec(page) ?? [];
const WHERE: Readonly<Record<SinkKind['type'], string>> = {
  lake: '/data/lake',
  opensearch: 'http://127.0.0.1:9200',
  postgres: 'postgres://db/shop',
  webhook: 'https://shop.example/hooks',
  console: 'stdout',
};

/** What an example does not say. */
const REST = `stream: shop
partitions: 1
key: [user_id]
eventTime: {field: timestamp, outOfOrderness: 10s}
money: {currency: USD}
fields:
  event_id: {type: string}
  timestamp: {type: timestamp}
  user_id: {type: string}
  event_type: {type: string, values: [page_view, purchase]}
  category: {type: string}
  price: {type: money}
  revenue: {type: money}
lake: off
`;

/** What a kind says of settings. */
function problemsOf(kind: SinkKind, settings: SinkDefinition['settings']): readonly StreamFileProblem[] {
  const sink: SinkDefinition = {
    ...{ name: 'some', type: kind.type, feeds: [], where: WHERE[kind.type], settings },
    places: new Map(),
  };
  const opened = kind.open(sink, smallDefinition(), aSinkEnvironment({ SECRET: 'a secret that nobody guesses' }));
  return opened.ok ? [] : opened.problems;
}

/** The keys that a kind knows, of those in a map with the map before them: as it says itself to who gives it another. */
function keysOf(kind: SinkKind): readonly string[] {
  const UNKNOWN = 'zzzzzzzzzzzzzzzz';
  const known = (settings: SinkDefinition['settings']) => {
    const said = problemsOf(kind, settings).find(({ path }) => path.endsWith(UNKNOWN))?.message ?? '';
    return (/there (?:are|is only) (.*)$/.exec(said)?.[1] ?? '').split(', ').filter((key) => key !== '');
  };
  return known({ [UNKNOWN]: 1 }).flatMap((key) => {
    const within = known({ [key]: { [UNKNOWN]: 1 } });
    return within.length === 0 ? [key] : within.map((inner) => `${key}.${inner}`);
  });
}

/** The keys in the table of a part of the page. */
function keysTold(type: SinkKind['type']): readonly string[] {
  const heading = type === 'lake' ? '## The lake' : `### \`${type}\``;
  const from = page.indexOf(`\n${heading}\n`);
  const part = page.slice(from, page.indexOf('\n#', from + 2));
  return [...part.matchAll(/^\| `([\w.]+)`/gm)].map(([, key]) => key ?? '');
}

describe('the reference of sinks', () => {
  it('gives an example of each kind, which is opened', () => {
    const definition = definitionFrom(REST + example);
    expect(definition.sinks?.map(({ type }) => type).sort()).toEqual(['console', 'opensearch', 'postgres', 'webhook']);
    for (const sink of definition.sinks ?? []) {
      const kind = SINK_KINDS.find(({ type }) => type === sink.type);
      const variables = sinkVariables({ TILLSTREAM_SINK_SHOP_HOOK_SECRET: 'a secret that nobody guesses' }, sink.name);
      const opened = kind?.open(sink, definition, aSinkEnvironment(variables));
      expect(opened?.ok === false ? formatProblems('', opened.problems) : opened?.ok).toBe(true);
    }
  });

  it.each(SINK_KINDS.map((kind) => [kind.type, kind] as const))(
    'tells of all settings of %s, and of no others',
    (type, kind) => {
      expect(problemsOf(kind, {})).toEqual([]);
      expect([...keysTold(type)].sort()).toEqual([...keysOf(kind)].sort());
    },
  );
});
