import type { RefusedRow, Sink, SinkPartition } from '@tillstream/engine';
import { finalLog, sinkStream } from '@tillstream/engine/testing';
import type { FakeAnswer } from './testing/fake-store';
import { FakeStore, answered, stored } from './testing/fake-store';
import { openedSink } from './testing/opened-sink';

const log = finalLog(sinkStream(), 0, 40);
const error = (status: number, type: string, reason: string): FakeAnswer => {
  return { status, body: { error: { type, reason }, status } };
};
const item = (status: number, type: string, reason: string) => ({ status, error: { type, reason } });

describe('a partition on a store in bad hours', () => {
  let store: FakeStore;
  let sink: Sink;
  const kept: RefusedRow[] = [];
  const keep = async (refused: readonly RefusedRow[]): Promise<void> => void kept.push(...refused);

  beforeEach(async () => {
    store = await FakeStore.start();
    store.other = ({ path }) => ({
      status: 200,
      body: path.endsWith('_mapping') ? {} : { version: { number: '8.19.0' } },
    });
    sink = openedSink(store.address, { prefix: 'p' });
    kept.length = 0;
  });

  afterEach(async () => {
    await sink.close();
    await store.close();
  });

  async function withFinals(count: number): Promise<SinkPartition> {
    const partition = await sink.open('finals', 0, log.tables);
    await partition.add(log.portion(0, count));
    return partition;
  }

  it('asks again only for those rows that were not taken', async () => {
    const partition = await withFinals(10);
    store.bulk = (rows) =>
      answered(
        Array.from({ length: rows }, (_, i) => {
          if (i === 3)
            return item(429, 'es_rejected_execution_exception', 'rejected execution of coordinating operation');
          if (i === 4) return item(503, 'unavailable_shards_exception', 'primary shard is not active');
          if (i === 5) return item(409, 'version_conflict_engine_exception', 'current version [9] is higher');
          return { status: 201 };
        }),
      );
    await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    expect(partition.pending.rows).toBe(2);
    store.bulk = (rows) => stored(rows);
    await partition.flush(keep);
    expect(store.sizes).toEqual([10, 2]);
    const ids = store.requests.at(-1)?.lines.filter((_, i) => i % 2 === 0) ?? [];
    const rows = log.portion(0, 10).rows;
    const meant = rows.kind === 'rows' ? rows.rows.slice(3, 5).map(({ id }) => id) : [];
    expect(ids.map((line) => (JSON.parse(line) as { index: { _id: string } }).index._id)).toEqual(meant);
  });

  it('counts a row that is there already as stored when the store has written it to its disk', async () => {
    const partition = await withFinals(4);
    const conflict = item(409, 'version_conflict_engine_exception', 'current version [9] is higher');
    store.bulk = (rows) => answered(Array.from({ length: rows }, (_, i) => (i < 2 ? conflict : { status: 201 })));
    const { other } = store;
    const flushed: string[] = [];
    let failed = 1;
    store.other = (request) => {
      if (!request.path.endsWith('/_flush')) return other(request);
      flushed.push(request.path);
      return { status: 200, body: { _shards: { total: 2, successful: 2 - failed, failed } } };
    };
    await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    expect(partition.pending.rows).toBe(2);
    failed = 0;
    await partition.flush(keep);
    expect([partition.pending.rows, store.sizes]).toEqual([0, [4, 2]]);
    expect(flushed).toHaveLength(2);
    expect(flushed[0]).toMatch(/^\/p-finals-[^/]+\/_flush$/);
    await partition.add(log.portion(4, 6));
    store.bulk = (rows) => stored(rows);
    await partition.flush(keep);
    expect(flushed).toHaveLength(2); // nothing was there
  });

  it('keeps what was refused until it is safe, though other rows have to wait', async () => {
    const partition = await withFinals(4);
    const refusal = item(400, 'document_parsing_exception', 'failed to parse field [total]');
    store.bulk = () => answered([{ status: 201 }, refusal, item(503, 'x', 'later'), { status: 200 }]);
    await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    store.bulk = (rows) => stored(rows);
    await expect(partition.flush(() => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    await partition.flush(keep);
    expect(store.sizes).toEqual([4, 1]);
    expect(kept.map(({ row, reason }) => `${row.offset} ${reason}`)).toEqual([
      '1 document_parsing_exception: failed to parse field [total]',
    ]);
  });

  it('calls no row bad that is refused for the mapping of its index', async () => {
    const partition = await withFinals(2);
    const { other } = store;
    store.bulk = () =>
      answered([{ status: 201 }, item(400, 'mapper_parsing_exception', 'failed to parse field [orders] of type [ip]')]);
    store.other = (request) => {
      const [, asked = ''] = /^\/(p-finals-.*-2026\.01\.\d\d)\/_mapping$/.exec(request.path) ?? [];
      const mappings = { properties: { revision: { type: 'ip' } } };
      return asked === '' ? other(request) : { status: 200, body: { [asked]: { mappings } } };
    };
    await expect(partition.flush(keep)).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: expect.stringMatching(/^the index p-finals-.* revision is ip there and must be long.*another prefix/),
    });
    expect(partition.pending.rows).toBe(1);
    expect(kept).toEqual([]);
  });

  it.each([
    [
      'no room for another index',
      item(400, 'validation_exception', 'maximum normal shards open'),
      'maximum normal shards',
    ],
    ['indexes that nobody may make', item(404, 'index_not_found_exception', 'no such index'), 'no such index'],
    [
      'a user without the right to write',
      item(403, 'security_exception', 'no permissions for [bulk]'),
      'no permissions',
    ],
  ])('stops for %s, and no row is called bad for it', async (_, answer, words) => {
    const partition = await withFinals(3);
    store.bulk = (rows) => answered(Array.from({ length: rows }, () => answer));
    await expect(partition.flush(keep)).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: expect.stringContaining(words),
    });
    expect(partition.pending.rows).toBe(3);
    store.bulk = (rows) => stored(rows);
    await partition.flush(keep);
    expect(kept).toEqual([]);
  });

  it('waits as long as the store asks', async () => {
    const partition = await withFinals(3);
    store.bulk = () => ({
      ...error(429, 'circuit_breaking_exception', 'Data too large'),
      headers: { 'retry-after': '4' },
    });
    await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE', retryAfterMs: 4_000 });
  });

  it.each([
    [
      'a gateway that has no store',
      { status: 502, body: '<html>Bad Gateway</html>', headers: { 'content-type': 'text/html' } },
    ],
    ['half an answer', { status: 200, body: '{"took":1,"items":[{"ind' }],
    ['an answer to other rows', stored(2)],
    ['an answer without items', { status: 200, body: {} }],
  ])('takes %s for no answer', async (_, answer) => {
    const partition = await withFinals(3);
    store.bulk = () => answer;
    await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    expect(partition.pending.rows).toBe(3);
  });

  it('makes requests smaller when the store has too much to do or takes long, and larger again', async () => {
    const partition = await withFinals(40);
    const usual = partition.bounds.bytes;
    store.bulk = () => error(429, 'es_rejected_execution_exception', 'rejected');
    await expect(partition.flush(keep)).rejects.toThrow('rejected');
    const less = partition.bounds.bytes;
    expect(less).toBe(usual / 2);
    store.bulk = (rows) =>
      answered(
        Array.from({ length: rows }, () => ({ status: 201 })),
        9_000,
      );
    await partition.flush(keep);
    expect(partition.bounds.bytes).toBe(usual / 4);
    store.bulk = (rows) => stored(rows);
    for (let i = 0; i < 20; i++) {
      await partition.add(log.portion(i, i + 1));
      await partition.flush(keep);
    }
    expect(partition.bounds.bytes).toBe(usual);
  });

  it('halves what is too large for the store, down to the row', async () => {
    const partition = await withFinals(10);
    const bad = '"@row.offset":6,';
    store.bulk = (rows, { lines }) =>
      lines.some((line) => line.includes(bad))
        ? error(413, 'too_large', 'larger than http.max_content_length')
        : stored(rows);
    await partition.flush(keep);
    expect(kept.map(({ row }) => row.offset)).toEqual([6]);
    expect(partition.pending.rows).toBe(0);
  });

  it('calls a long id by its hash, always the same, and no two alike', async () => {
    const rows = log.portion(0, 1).rows;
    const [row] = rows.kind === 'rows' ? rows.rows : [];
    if (row === undefined) throw new Error('there is a final');
    const ids = ['a', 'b'].map((end) => `${'ü'.repeat(300)}${end}`);
    const long = ids.map((id) => ({ ...row, id }));
    const partition = await sink.open('finals', 0, log.tables);
    await partition.add({ from: 0, next: 1, rows: { kind: 'rows', rows: [...long, ...long] } });
    await partition.flush(keep);
    const lines = store.requests.at(-1)?.lines.filter((_, i) => i % 2 === 0) ?? [];
    const said = lines.map((line) => (JSON.parse(line) as { index: { _id: string } }).index._id);
    expect(said.slice(0, 2)).toEqual(said.slice(2));
    expect(said[0]).not.toBe(said[1]);
    for (const id of said) expect(Buffer.byteLength(id)).toBeLessThanOrEqual(512);
  });
});

describe('preparing a sink', () => {
  let store: FakeStore;

  beforeEach(async () => {
    store = await FakeStore.start();
  });

  afterEach(async () => {
    await store.close();
  });

  it.each([
    [401, 'TILLSTREAM_SINK_SEARCH_USER and TILLSTREAM_SINK_SEARCH_PASSWORD'],
    [403, 'Grant its user the rights'],
    [404, 'is neither OpenSearch nor Elasticsearch'],
  ])('stops at %d, with the remedy', async (status, remedy) => {
    store.other = () => error(status, 'security_exception', 'no');
    const sink = openedSink(store.address, {}, { variables: { USER: 'ann', PASSWORD: 'secret word' } });
    await expect(sink.prepare()).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: expect.stringContaining(remedy),
    });
    await expect(sink.prepare()).rejects.not.toThrow('secret word');
    expect(store.requests[0]?.authorization).toBe(`Basic ${Buffer.from('ann:secret word').toString('base64')}`);
    await sink.close();
  });

  it('has an API key where one is set', async () => {
    const sink = openedSink(store.address, {}, { variables: { API_KEY: 'abc==' } });
    await sink.prepare();
    expect(store.requests[0]?.authorization).toBe('ApiKey abc==');
    await sink.close();
  });

  it('names the settings that a store does not take', async () => {
    store.other = ({ method }) =>
      method === 'PUT'
        ? error(400, 'illegal_argument_exception', 'unknown setting [index.shardz]')
        : { status: 404, body: {} };
    const sink = openedSink(store.address, { index: { shardz: 3 } });
    await expect(sink.open('finals', 0, log.tables)).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: expect.stringContaining('unknown setting [index.shardz]'),
    });
    await sink.close();
  });
});
