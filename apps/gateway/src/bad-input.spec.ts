import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { parseStreamFile } from '@tillstream/contracts';
import { ingestStreamOf } from './ingest/ingest-stream';
import { MIB, startGateway, WRITE_KEY } from './testing/running-gateway';
import type { RunningGateway } from './testing/running-gateway';

const FILE = join(__dirname, '../../../deploy/streams/commerce.yaml');
const GOOD = {
  event_id: 'e-1',
  event_type: 'purchase',
  timestamp: '2026-11-21T10:00:00Z',
  user_id: 'u-1',
  product_id: 'p-1',
  price: 19.99,
  quantity: 1,
};
const anEvent = (more: object = {}): string => JSON.stringify({ ...GOOD, ...more });
/** The event's text with one value replaced by a text that JSON.stringify would not give. */
const withRaw = (field: string, text: string): string => anEvent({ [field]: '@' }).replace('"@"', () => text);

let gateway: RunningGateway;
beforeAll(async () => {
  const parsed = parseStreamFile(readFileSync(FILE, 'utf8'), { file: FILE });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  gateway = await startGateway([ingestStreamOf(parsed.definition)]);
});
beforeEach(() => gateway.writer.clear());
afterAll(() => gateway.close());

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${gateway.url}/v1/streams/commerce/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${WRITE_KEY}`, 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, body: await response.json() };
}

const appendedRows = (): unknown[] =>
  gateway.writer.appended.flatMap(({ records }) =>
    records.flatMap(({ value }): unknown[] => JSON.parse(Buffer.from(value!).toString()) as unknown[]),
  );

/** A 400 that returns one event with this reason. */
const returned = (index: number, code: string, path: string, message: string): Answer => ({
  status: 400,
  body: { accepted: 0, rejected: [{ index, code, path, message }] },
});
const tooLarge: Answer = {
  status: 413,
  body: {
    error: { code: 'body-too-large', message: 'a body may have 8388608 bytes, decoded: send the events in several' },
  },
};

describe('bad input', () => {
  it.each<[string, () => string | Uint8Array<ArrayBuffer>, Answer, Record<string, string>]>([
    [
      'malformed JSON',
      () => '{"event_id": tru',
      returned(0, 'malformed-json', '$', 'this is not JSON from byte 16 on'),
      {},
    ],
    [
      'an array that breaks off',
      () => `[${anEvent()},{"event_id":`,
      returned(-1, 'malformed-json', '$', 'this is not JSON from byte 153 on'),
      {},
    ],
    ['a body of 100 MB', () => new Uint8Array(100 * MIB).fill(32), tooLarge, {}],
    ['a gzip bomb', () => gzipSync(Buffer.alloc(512 * MIB)), tooLarge, { 'content-encoding': 'gzip' }],
    [
      'nesting 10,000 deep',
      () => anEvent().replace('{', () => `{"x":${'['.repeat(10_000)}${']'.repeat(10_000)},`),
      returned(0, 'too-deep', '$', 'objects and arrays may be nested 64 deep'),
      {},
    ],
    [
      'nesting 10,000 deep that never ends',
      () => '['.repeat(10_000),
      returned(-1, 'malformed-json', '$', 'this is not JSON from byte 10000 on'),
      {},
    ],
    [
      'a string of 1 MB',
      () => anEvent({ product_name: 'x'.repeat(MIB) }),
      returned(0, 'event-too-large', '$', 'an event may have 512 KiB'),
      {},
    ],
    [
      'an unknown event type',
      () => anEvent({ event_type: 'nope' }),
      returned(
        0,
        'unknown-value',
        'event_type',
        'expected one of page_view, add_to_cart, remove_from_cart, purchase, search, wishlist',
      ),
      {},
    ],
    [
      'a missing key',
      () => anEvent({ user_id: undefined }),
      returned(0, 'no-key', 'user_id', 'expected at least one of user_id, anonymous_id, session_id'),
      {},
    ],
    [
      'a price of 1e400',
      () => withRaw('price', '1e400'),
      returned(0, 'out-of-range', 'price', 'the amount is beyond what USD can hold exactly'),
      {},
    ],
    [
      'invalid UTF-8',
      () => new Uint8Array(Buffer.from(anEvent({ product_name: '\u00ff' }), 'latin1')),
      returned(0, 'invalid-utf8', 'product_name', 'the text is not valid UTF-8 or holds half of a surrogate pair'),
      {},
    ],
    [
      'the year 99999',
      () => anEvent({ timestamp: '99999-12-31T23:59:59Z' }),
      returned(
        0,
        'bad-timestamp',
        'timestamp',
        'expected an ISO 8601 time or epoch seconds or milliseconds, of the years 1970 to 9999',
      ),
      {},
    ],
    ['a number', () => '5', returned(-1, 'malformed-json', '$', 'this is not JSON from byte 0 on'), {}],
    ['an empty body', () => '', returned(-1, 'empty-body', '$', 'the body holds no event'), {}],
    ['an empty array', () => '[]', returned(-1, 'empty-body', '$', 'the body holds no event'), {}],
  ])('%s is answered, and harms nothing', async (_name, body, answer, headers) => {
    expect(await post(body(), headers)).toEqual(answer);
    expect(gateway.writer.appended).toEqual([]);
    expect(await post(anEvent())).toEqual({ status: 202, body: { accepted: 1, rejected: [] } });
  });

  it('does not let a __proto__ stand for a field that is not there', async () => {
    const proto = '{"__proto__":{"user_id":"evil"},';
    expect((await post(anEvent({ user_id: undefined }).replace('{', proto))).status).toBe(400);
    expect((await post(anEvent().replace('{', proto))).status).toBe(202);
    expect((appendedRows()[0] as Record<string, unknown>)['user_id']).toBe('u-1');
    expect(({} as Record<string, unknown>)['user_id']).toBeUndefined();
  });

  // Whether a time is too far ahead depends on when the log takes the event, which only the log can tell.
  it('takes an event of the year 9999, for the enricher to judge', async () => {
    expect((await post(anEvent({ timestamp: '9999-12-31T23:59:59Z' }))).status).toBe(202);
  });

  it('tells the place of each of 300,000 empty objects, at bounded length', async () => {
    const { status, body } = await post(`[${'{},'.repeat(299_999)}{}]`);
    const { accepted, rejected, furtherRejected } = body as {
      accepted: number;
      rejected: { index: number }[];
      furtherRejected: object[];
    };
    expect([status, accepted]).toEqual([400, 0]);
    expect(rejected.map(({ index }) => index)).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
    expect(furtherRejected).toEqual([{ first: 10_000, last: 299_999 }]);
  });

  it('takes the good events among the bad ones, and says which are which', async () => {
    const events = Array.from({ length: 30_000 }, (_, i) => (i % 3 === 0 ? anEvent({ event_id: `e-${i}` }) : '{}'));
    const { status, body } = await post(`[${events.join(',')}]`);
    const answer = body as {
      accepted: number;
      rejected: { index: number }[];
      furtherRejected: { first: number; last: number }[];
    };
    const refused = new Set(answer.rejected.map(({ index }) => index));
    for (const { first, last } of answer.furtherRejected) for (let i = first; i <= last; i++) refused.add(i);
    expect([status, answer.accepted, refused.size]).toEqual([202, 10_000, 20_000]);
    expect([...refused].every((index) => index % 3 !== 0)).toBe(true);
    expect(appendedRows()).toHaveLength(10_000);
  });

  it('leaves no memory behind', async () => {
    const bodies = [
      `[${'{},'.repeat(299_999)}{}]`,
      anEvent({ product_name: 'x'.repeat(7 * MIB) }),
      '['.repeat(8 * MIB),
    ];
    const round = async (): Promise<number> => {
      for (const body of bodies) await post(body);
      gateway.writer.clear();
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    await round(); // buffers that are kept have their size after this
    const before = await round();
    for (let i = 0; i < 3; i++) await round();
    expect((await round()) - before).toBeLessThan(16 * MIB);
  });
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
