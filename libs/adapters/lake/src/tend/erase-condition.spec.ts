import { sinkStream } from '@tillstream/engine/testing';
import { DuckDbSession } from '../duckdb/duckdb-session';
import { quoteText } from '../sql/quote';
import { eraseCondition } from './erase-condition';

const definition = sinkStream();
let session: DuckDbSession;

beforeAll(async () => {
  session = await DuckDbSession.open({ memoryBytes: 128 * 1024 ** 2, threads: 1, temporary: null });
});
afterAll(() => session.close());

async function holds(feed: 'events' | 'late' | 'finals' | 'dead_letters', key: string, row: string): Promise<boolean> {
  const condition = eraseCondition(definition, feed, key, () => true);
  const [told] = await session.rows(`SELECT (${condition}) IS TRUE AS holds FROM (SELECT ${row})`);
  return told?.['holds'] === true;
}

describe('what is erased of a key', () => {
  it.each([
    ['events', 'ann', "'ann' AS user", true],
    ['events', 'o\'b"c', "'o''b\"c' AS user", true],
    ['events', 'ann', "'anna' AS user", false],
    ['events', 'ann', 'NULL::VARCHAR AS user', false],
    ['late', 'ann', `'{"user":"ann","id":"x"}' AS row`, true],
    ['late', 'ann', `'{"user":"bob","id":"ann"}' AS row`, false],
    ['late', '7', `'{"user":7}' AS row`, true],
    ['finals', 'ann', `'{"user":"ann"}' AS "group"`, true],
    ['finals', 'ann', `'{"category":"ann"}' AS "group"`, false],
  ] as const)('of %s, of %s, in %s: %s', async (feed, key, row, expected) => {
    expect(await holds(feed, key, row)).toBe(expected);
  });

  it.each([
    ['{"user":"ann","amount":1}', true],
    ['ann', true],
    ['id,ann,3', true],
    ['{"user":"anna"}', false],
    ['{"user":"joann"}', false],
    ['{"user":"ann-b"}', false],
    ['{"user":"bob"}', false],
  ])('of dead letters, where it stands by itself: %s', async (body, expected) => {
    expect(await holds('dead_letters', 'ann', `${quoteText(body)}::BLOB AS body`)).toBe(expected);
  });

  it('finds keys that are no ASCII, and bytes that are no text', async () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0x00]), Buffer.from('"ö.ä"'), Buffer.from([0xfe])]).toString('hex');
    expect(await holds('dead_letters', 'ö.ä', `unhex('${bytes}') AS body`)).toBe(true);
    expect(await holds('dead_letters', 'öxä', `unhex('${bytes}') AS body`)).toBe(false);
  });

  it('is not known where the table does not have what says so', () => {
    const has = (column: string) => column !== 'user' && column !== 'row';
    expect(eraseCondition(definition, 'events', 'ann', has)).toBeNull();
    expect(eraseCondition(definition, 'late', 'ann', has)).toBeNull();
  });
});
