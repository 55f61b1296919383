import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseStreamFile } from './stream-file/parse-stream-file';
import { formatProblems } from './stream-file/problem';
import type { StreamDefinition } from './stream-file/stream-definition';

const COMMERCE = join(__dirname, '../../../deploy/streams/commerce.yaml');

/** The stream that ships, as its file declares it. */
export function commerceDefinition(): StreamDefinition {
  return definitionFrom(readFileSync(COMMERCE, 'utf8'), COMMERCE);
}

/** A definition from the text of a stream file. @throws Error naming every problem of the text */
export function definitionFrom(text: string, file = 'test.yaml'): StreamDefinition {
  const parsed = parseStreamFile(text, { file });
  if (!parsed.ok) throw new Error(`not a valid stream file:\n${formatProblems(file, parsed.problems)}`);
  return parsed.definition;
}

/**
 * A small stream: ids, money, three event types and one metric of each kind. `spend` is local (grouped by the key),
 * `sales` is merged over partitions and slides, `visitors` has no groups.
 */
export function smallDefinition(partitions = 2): StreamDefinition {
  return definitionFrom(smallStreamFile(partitions), 'small.yaml');
}

/** The stream file that `smallDefinition` is read from. */
export function smallStreamFile(partitions = 2): string {
  return `stream: small
partitions: ${partitions}
key: [user]
id: {field: id}
eventTime: {field: at, outOfOrderness: 2s}
money: {currency: USD}
fields:
  id: {type: string}
  at: {type: timestamp}
  user: {type: string, optional: true}
  kind: {type: string, dictionary: true, values: [view, cart, buy]}
  category: {type: string, optional: true, dictionary: true}
  amount: {type: money, optional: true}
metrics:
  sales:
    where: kind == 'buy'
    groupBy: [category]
    window: {size: 20s, hop: 5s}
    measures: {total: sum(amount), orders: count(), average: avg(amount)}
  spend:
    where: kind == 'buy'
    groupBy: [user]
    window: {size: 20s, hop: 10s}
    measures: {total: sum(amount), categories: collect(category)}
    having: total > 10
  visitors:
    window: {size: 10s}
    measures:
      viewers: distinct(user) where kind == 'view'
      buyers: distinct(user) where kind == 'buy'
      rate: 100 * buyers / viewers
`;
}
