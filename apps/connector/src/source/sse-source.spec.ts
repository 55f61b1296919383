import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Behaviour, SseServer } from '../testing/sse-server';
import { SourceProblem } from './source-problem';
import { type SourceEvent, SseSource } from './sse-source';

/** Answers every request by writing pieces, as they are, and ending. */
async function serving(respond: (response: ServerResponse) => void): Promise<{ url: URL; server: Server }> {
  const server = createServer((_request, response) => respond(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`) };
}

const STREAM = { 'content-type': 'text/event-stream' };

function reader(url: URL, since: string | null = null) {
  const events: SourceEvent[] = [];
  const told: string[] = [];
  const listener = {
    opened: (): void => void told.push('opened'),
    retryAsked: (ms: number) => void told.push(`retry ${ms}`),
    passedOver: (type: string) => void told.push(`passed over ${type}`),
    take: (some: readonly SourceEvent[]) => Promise.resolve(void events.push(...some)),
  };
  const source = new SseSource({ url, since, userAgent: 'test', stallMs: 10_000 }, () => 0);
  const read = (lastEventId: string | null = null, signal = new AbortController().signal) =>
    source.read(lastEventId, listener, signal);
  return { events, told, listener, source, read };
}

describe('a source of server-sent events', () => {
  let server: Server | undefined;
  let replaying: SseServer | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    await replaying?.stop();
    replaying = undefined;
  });

  /** A source that replays events. */
  const sourceOf = (events: readonly string[], behaviours: Behaviour[]): SseServer =>
    (replaying = new SseServer(events, behaviours));

  const readAll = async (...pieces: (string | Buffer)[]) => {
    const served = await serving((response) => {
      response.writeHead(200, STREAM);
      for (const piece of pieces) response.write(piece);
      response.end();
    });
    server = served.server;
    const { events, told, read } = reader(served.url);
    await read('before');
    return { events, told };
  };

  it('gives events with their ids; one without an id has that of the one before', async () => {
    const { events, told } = await readAll(
      '\ufeff:hi\n\nretry: 250\nid: 1\ndata: {"a":\ndata: 1}\n\n',
      'data: b\r\n\r\n',
    );
    expect(events).toEqual([
      { data: '{"a":\n1}', id: '1' },
      { data: 'b', id: '1' },
    ]);
    expect(told).toEqual(['opened', 'retry 250']);
  });

  it('begins with the id that it was asked for, and has none where the source takes it back', async () => {
    expect((await readAll('data: a\n\nid:\ndata: b\n\n')).events).toEqual([
      { data: 'a', id: 'before' },
      { data: 'b', id: null },
    ]);
  });

  it('puts characters together that come in two pieces, and drops an event that is cut off', async () => {
    const text = Buffer.from('id: 7\ndata: "é😀"\n\nid: 8\ndata: half');
    expect((await readAll(...[...text].map((byte) => Buffer.of(byte)))).events).toEqual([{ data: '"é😀"', id: '7' }]);
  });

  it('passes over what is no message', async () => {
    const { events, told } = await readAll('event: error\ndata: [{"x":1}]\n\nevent: message\ndata: a\n\ndata:\n\n');
    expect([events.map(({ data }) => data), told]).toEqual([['a'], ['opened', 'passed over error']]); // prettier-ignore
  });

  it.each([
    ['a status', 404, {}, 'refused', 'the source answered 404'],
    ['another type', 200, { 'content-type': 'text/html' }, 'refused', 'answers with text/html, not with text/event'],
    ['no type', 200, {}, 'refused', 'answers with no type'],
    ['no more', 204, {}, 'no-more', 'there is no more (204)'],
  ])('refuses an answer of %s', async (_, status, headers, kind, message) => {
    const served = await serving((response) => response.writeHead(status, headers).end());
    server = served.server;
    const problem = await reader(served.url).read().catch((error: unknown) => error); // prettier-ignore
    expect(problem).toBeInstanceOf(SourceProblem);
    expect(problem).toMatchObject({ kind, message: expect.stringContaining(message) as string });
  });

  it('gives up an event that never ends', async () => {
    const served = await serving((response) => {
      response.writeHead(200, STREAM);
      response.write(`data: ${'x'.repeat(5_000_000)}`);
    });
    server = served.server;
    await expect(reader(served.url).read()).rejects.toMatchObject({ kind: 'event-too-large' });
  });

  it('says where to begin only while no event is known', async () => {
    const source = sourceOf(['{}'], [{ kind: 'serve', events: 1, repeats: 0, then: 'end' }, { kind: 'serve', events: 0, repeats: 0, then: 'end' }]); // prettier-ignore
    const url = await source.start();
    const { events, read } = reader(url, '2026-03-01T00:00:00Z');
    await read();
    await read(events[0]?.id);
    expect(source.paths).toEqual([`${url.pathname}?since=2026-03-01T00%3A00%3A00Z`, url.pathname]);
    expect(source.asked).toEqual([null, events[0]?.id]);
  });

  it('reads no more from the socket while what it has read is not taken', async () => {
    const large = JSON.stringify('x'.repeat(100_000));
    const total = 1_000 * large.length;
    const source = sourceOf(Array.from({ length: 1_000 }, () => large), [{ kind: 'serve', events: 1_000, repeats: 0, then: 'end' }]); // prettier-ignore
    const url = await source.start();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let taken = 0;
    const { listener, source: reading } = reader(url);
    const done = reading.read(null, { ...listener, take: (events) => ((taken += events.length), held) }, new AbortController().signal); // prettier-ignore
    for (let turn = 0; turn < 3_000; turn += 1) await new Promise(setImmediate);
    expect(taken).toBeLessThan(50);
    expect(source.bytesSent).toBeLessThan(total / 2);
    release();
    await done;
    expect(taken).toBe(1_000);
  });

  it('ends at once when it is told to stop', async () => {
    const source = sourceOf([], []);
    const { read, listener } = reader(await source.start());
    const stop = new AbortController();
    listener.opened = () => stop.abort();
    await expect(read(null, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
