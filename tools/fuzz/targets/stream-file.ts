import {
  FeedSelection,
  formatProblems,
  parseStreamFile,
  type SinkDefinition,
  type StreamDefinition,
  streamsOf,
} from '@tillstream/contracts';
import { AttributionBook, BodySplitter, emptyPosition, PartitionAggregator, SessionBook } from '@tillstream/core';

import { expectSame, type FuzzTarget, promise } from '../fuzz-target';

import { commerceText, withThreeMetrics } from '../../oracle/three-metrics';

const SMALL = `stream: small
partitions: 2
key: [user]
id: { field: user, dedupe: { within: 1m, maxRows: 5 } }
eventTime: { field: at, zone: UTC, outOfOrderness: 10s, futureTolerance: 1m, idleAfter: 2s }
money: { currency: USD }
topics: { raw: r }
retention: { parts: 24h }
fields:
  at: { type: timestamp }
  user: { type: string }
  kind: { type: string, dictionary: true, values: [a, b], aliases: { c: a } }
  cost: { type: money, optional: true }
  price: { type: money, optional: true, default: { value: cost * 2, where: kind == 'a' } }
metrics:
  revenue:
    where: kind == 'a' && price > 1.00
    groupBy: [user]
    window: { size: 1m, hop: 30s }
    outOfOrderness: 1m
    measures:
      total: sum(price)
      orders: count() where kind != 'b'
      some: collect(kind, 3)
      share: total / orders
    having: total > 5.00
    emit: { every: 1s, maxPerSecond: 100 }
`;

const VISITS = `${SMALL}
  visits:
    from: sessions
    where: duration_ms > 1000
    groupBy: [user]
    window: { session: 1h }
    measures: { sessions: count(), pages: 'top(3, entry_product by sum(revenue))' }
  paths:
    from: attributions
    groupBy: [kind]
    window: { size: 1h }
    measures: { median: median(time_to_purchase_ms), direct: count() where direct }
sessions: { gap: 30m, maxDuration: 2h, by: [kind], also: kind, type: kind, cart: kind == 'a', purchase: price > 1.00 }
attribution: { from: kind == 'a', to: kind == 'b', on: [kind], within: 30m, maxMatches: 5, revenue: price }
`;

const SINKS = `${VISITS}
lake: { where: /data, partitionBy: [date, kind], what: { events: { filter: price > 1.00 } }, roll: { every: 1m } }
sinks:
  search:
    type: opensearch
    where: http://x
    what:
      events: { filter: kind == 'a' && at.getHours() > 5, columns: [kind, price] }
      finals: { metrics: [revenue, visits], filter: '!truncated && revision > 5' }
      sessions: { filter: converted || revenue >= 5.00 || path.contains('a') }
      attributions: { filter: has(view_id) && share > 0.5 }
      late: { columns: [row] }
  hook: { type: webhook, what: [dead_letters], flush: { rows: 5 } }
`;

function run(input: Uint8Array): void {
  const text = Buffer.from(input).toString('utf8');
  const parsed = parseStreamFile(text, { file: 'a.yaml' });
  if (!parsed.ok) {
    promise(parsed.problems.length > 0, 'a file is refused without a reason');
    const lines = text.split('\n');
    for (const problem of parsed.problems) {
      const { line, column, message } = problem;
      const length = lines[line - 1]?.length;
      promise(
        length !== undefined && column >= 1 && column <= length + 1,
        `no such place: ${formatProblems('a', [problem])}`,
      );
      promise(
        message.length > 0 && message !== 'undefined',
        `a problem without words: ${formatProblems('a', [problem])}`,
      );
    }
    return;
  }
  // What is accepted must be something that the services can begin with.
  const { schema, sha256, sessions, attribution } = parsed.definition;
  new BodySplitter(schema).split(Buffer.from('{}'), 'json');
  const start = { next: 0, before: emptyPosition(), completeFromMs: -Infinity };
  for (const stream of streamsOf(parsed.definition)) {
    PartitionAggregator.create({ schema: stream.schema, metrics: stream.metrics, partition: 0 }, start).takeDeltas();
  }
  for (const sink of parsed.definition.sinks ?? []) selectNothing(parsed.definition, sink);
  if (sessions) new SessionBook(schema, sessions, -Infinity).advance(0, 0);
  if (attribution) new AttributionBook(schema, attribution, -Infinity).advance(0, 0);
  const again = parseStreamFile(text, { file: 'b.yaml' });
  expectSame('its hash', again.ok && again.definition.sha256, sha256);
}

/** Filters can be evaluated, and columns are told apart. */
function selectNothing(definition: StreamDefinition, sink: SinkDefinition): void {
  for (const feed of sink.feeds) {
    const selection = new FeedSelection(definition, feed);
    for (const { columns } of selection.tables) {
      const names = new Set(columns.map(({ name }) => name.toLowerCase()));
      expectSame('columns', names.size, columns.length);
    }
    const row = { table: '', id: '', version: 0, timeMs: 0, partition: 0, offset: 0, index: 0, record: null };
    promise(selection.rows([{ ...row, values: {} }]).length <= 1, 'a row comes twice');
  }
}

export const target: FuzzTarget = {
  name: 'stream-file',
  about: 'stream files: problems with line and column, or a definition that services can begin with',
  maxBytes: 8_192,
  dictionary: [
    ...[
      'stream:',
      'partitions:',
      'key:',
      'id:',
      'eventTime:',
      'money:',
      'topics:',
      'retention:',
      'fields:',
      'sessions:',
      'attribution:',
      'metrics:',
      'from: sessions',
      'lake:',
      'sinks:',
      'what:',
    ],
    ...[
      '{',
      '}',
      '[',
      ']',
      ': ',
      ', ',
      '- ',
      '|\n',
      '>-\n',
      '&a ',
      '*a',
      '<<: ',
      '!',
      '!!str ',
      '"',
      "'",
      '#',
      '---\n',
      '...\n',
      '\n  ',
      '? ',
      '%YAML',
    ],
    ...[
      'null',
      '~',
      'true',
      '10s',
      '1h',
      '0x1F',
      '1e3',
      '2024-01-01',
      '\\u0000',
      '\\',
      '__proto__: ',
      'constructor',
      '\t',
      '\ufeff',
      '\u2028',
      '\x07',
    ],
  ],
  seeds: () =>
    [SMALL, VISITS, SINKS, withThreeMetrics(commerceText()), '', 'stream: x', '- 1'].map((text) => Buffer.from(text)),
  run,
};
