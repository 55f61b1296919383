import type { RefusedRow, Sink, SinkPartition } from '@tillstream/engine';
import { aSink, aSinkEnvironment, describeSink, eventLog, finalLog, sinkStream } from '@tillstream/engine/testing';
import type { Delivered } from './testing/hook-receiver';
import { HookReceiver } from './testing/hook-receiver';
import { webhookSinkKind } from './webhook-kind';

const SECRET = 'shared by both';

function connect(where: string, settings: object = {}, variables: Readonly<Record<string, string>> = {}): Sink {
  const sink = aSink({ type: 'webhook', name: 'hooks', where, settings: { timeout: '2s', ...settings } });
  const opened = webhookSinkKind.open(sink, sinkStream(), aSinkEnvironment({ SECRET, ...variables }));
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems));
  return opened.sink;
}

describeSink('WebhookSink', { once: false, runs: 20 }, async () => {
  const receiver = await HookReceiver.start(SECRET);
  receiver.reply = ({ rows }) =>
    rows.some(({ values }) => values['revision'] === -1) ? { status: 422 } : { status: 200 };
  return {
    connect: () => connect(receiver.url),
    stored: async (feed) => receiver.taken.filter((delivered) => delivered.feed === feed).flatMap(({ rows }) => rows),
    poisoned: (row) => ({ ...row, values: { ...row.values, revision: -1 } }),
    cutOff: async () => {
      const port = await receiver.leave();
      return () => receiver.listen(port);
    },
    close: async () => {
      await receiver.leave();
    },
  };
});

describe('a delivery', () => {
  let receiver: HookReceiver;
  const kept: RefusedRow[] = [];
  const keep = async (refused: readonly RefusedRow[]): Promise<void> => void kept.push(...refused);

  beforeEach(async () => {
    receiver = await HookReceiver.start(SECRET);
    kept.length = 0;
  });

  afterEach(async () => {
    await receiver.leave();
  });

  /** A partition that so many finals wait in. */
  async function withFinals(count: number, sink = connect(receiver.url)): Promise<SinkPartition> {
    const log = finalLog(sinkStream(), 0, 40);
    const partition = await sink.open('finals', 0, log.tables);
    await partition.add(log.portion(0, count));
    return partition;
  }

  it('is the same, under the same id, until it is taken, and signed at the time it is made', async () => {
    const partition = await withFinals(3);
    receiver.reply = () => ({ status: 503 });
    await expect(partition.flush(keep)).rejects.toThrow('answers 503');
    receiver.reply = () => null; // taken, and the answer is lost
    await expect(partition.flush(keep)).rejects.toThrow('does not answer');
    receiver.reply = () => ({ status: 200 });
    await partition.flush(keep);
    expect(receiver.seen).toHaveLength(3);
    expect(new Set(receiver.seen.map(({ text }) => text)).size).toBe(1);
    const [first] = receiver.seen;
    expect(JSON.parse(first?.text ?? '')).toMatchObject({ delivery: first?.headers['tillstream-delivery'] });
    expect(receiver.taken).toHaveLength(2); // at least once
  });

  it('is the same of another process that cuts alike', async () => {
    await (await withFinals(5)).flush(keep);
    await (await withFinals(5)).flush(keep);
    await (await withFinals(4)).flush(keep);
    const ids = receiver.seen.map(({ headers }) => headers['tillstream-delivery']);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('has at most so many rows and bytes, in the order of the log', async () => {
    const rows = await withFinals(10, connect(receiver.url, { flush: { rows: 4 } }));
    await rows.flush(keep);
    expect(receiver.seen.map((delivered) => delivered.rows.length)).toEqual([4, 4, 2]);
    receiver.seen.length = 0;
    await (await withFinals(10, connect(receiver.url, { flush: { bytes: '1KiB' } }))).flush(keep);
    expect(receiver.seen.length).toBeGreaterThan(3);
    for (const { text } of receiver.seen) expect(text.length).toBeLessThan(1_300);
  });

  it('has of every row what its columns hold', async () => {
    const log = eventLog(sinkStream(), 1, 40);
    const partition = await connect(receiver.url).open('events', 1, log.tables);
    await partition.add(log.portion(2, 4));
    await partition.flush(keep);
    expect(receiver.seen[0]).toMatchObject({ stream: 'sunk', sink: 'hooks', feed: 'events', partition: 1 });
    expect(receiver.seen[0]?.rows[0]).toEqual({
      ...{ table: 'events', id: '1|2|0', version: 0, time: '2026-01-05T23:59:06.000Z', offset: 2, index: 0 },
      values: {
        _append_time: '2026-01-05T23:59:02.000Z',
        ...{ id: 'e-1-6', at: '2026-01-05T23:59:06.000Z', user: 'user 1 "ö', kind: 'view', category: 'c0' },
        ...{ pieces: 6, rating: 6 / 7, member: true },
      },
    });
  });

  it('is halved until the row is found that the receiver cannot process', async () => {
    const partition = await withFinals(10);
    receiver.reply = ({ rows }) =>
      rows.some(({ id }) => id.includes('|1767657620000|')) ? { status: 422, body: 'no such shop' } : { status: 200 };
    await partition.flush(keep);
    expect(kept.map(({ reason, row }) => `${row.offset} ${reason}`)).toEqual([`4 422 no such shop`]);
    expect(receiver.taken.flatMap(({ rows }) => rows)).toHaveLength(9);
  });

  it('may be taken but for rows that the receiver names', async () => {
    const partition = await withFinals(10);
    receiver.reply = ({ rows }) => {
      const refused = rows.slice(1, 3).map(({ id }) => ({ id, reason: 'closed' }));
      return { status: 200, body: JSON.stringify({ refused }) };
    };
    await partition.flush(keep);
    expect(kept.map(({ reason, row }) => `${row.offset} ${reason}`)).toEqual(['1 closed', '2 closed']);
    expect(receiver.seen).toHaveLength(1);
  });

  it('waits as long as the receiver asks', async () => {
    const partition = await withFinals(1);
    receiver.reply = () => ({ status: 429, headers: { 'retry-after': '7' } });
    await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE', retryAfterMs: 7_000 });
  });

  it.each([
    [401, 'Look at TILLSTREAM_SINK_HOOKS_SECRET'],
    [404, 'Look at the address of the sink'],
    [308, 'give the address that it leads to'],
    [400, 'answers 422'],
  ])('that is answered by %d stops the sink, with the remedy, and is not lost', async (status, remedy) => {
    const partition = await withFinals(2);
    receiver.reply = () => ({ status, body: 'so it is', headers: { location: 'http://127.0.0.1:1/' } });
    await expect(partition.flush(keep)).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: expect.stringContaining(remedy),
    });
    await expect(partition.flush(keep)).rejects.not.toThrow('unsaid');
    receiver.reply = () => ({ status: 200 });
    await partition.flush(keep);
    expect(receiver.taken.flatMap(({ rows }) => rows)).toHaveLength(2);
  });

  it('is given up when there is no answer in time', async () => {
    const partition = await withFinals(1, connect(receiver.url, { timeout: '100ms' }));
    const answers: (() => void)[] = [];
    receiver.reply = () => ({ status: 200 });
    receiver.hold = (answer) => answers.push(answer);
    await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    for (const answer of answers) answer();
  });

  it('has credentials and headers as they are set, and is signed with the earlier secret too while there is one', async () => {
    const variables = { SECRET: 'next', PREVIOUS_SECRET: SECRET, USER: 'ann', PASSWORD: 'pass' };
    const sink = connect(receiver.url, { headers: { 'X-Shop': 'seven' } }, variables);
    await sink.prepare();
    const { headers } = receiver.taken[0] as Delivered;
    expect(headers['x-shop']).toBe('seven');
    expect(headers.authorization).toBe(`Basic ${Buffer.from('ann:pass').toString('base64')}`);
    expect(headers['tillstream-signature']).toMatch(/^t=\d{10},v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
  });
});

describe('webhookSinkKind', () => {
  const problemsOf = (where: string | null, settings: object, variables: Readonly<Record<string, string>>) => {
    const sink = aSink({ type: 'webhook', name: 'shop-hooks', where, settings: { ...settings } });
    const opened = webhookSinkKind.open(sink, sinkStream(), aSinkEnvironment(variables));
    return opened.ok ? [] : opened.problems.map(({ path, message }) => `${path}: ${message}`);
  };

  it('wants an address without credentials, a secret, and headers of its own', () => {
    expect(problemsOf(null, {}, {})).toEqual([
      'sinks.shop-hooks.where: is missing: give an address such as https://shop.example/hooks there or in TILLSTREAM_SINK_SHOP_HOOKS_WHERE',
      'sinks.shop-hooks: deliveries are signed: set TILLSTREAM_SINK_SHOP_HOOKS_SECRET to a secret that the receiver has too',
    ]);
    expect(problemsOf('ftp://shop', {}, { SECRET, USER: 'x' })).toHaveLength(2);
    expect(problemsOf('https://a:b@shop', {}, { SECRET })[0]).toMatch('must have no credentials');
    expect(problemsOf('https://shop', { headers: { Authorization: 'x' } }, { SECRET })[0]).toMatch(
      'credentials come from',
    );
    expect(problemsOf('https://shop', { tmeout: '1s' }, { SECRET })).toEqual([
      'sinks.shop-hooks.tmeout: unknown key: did you mean timeout?',
    ]);
    expect(problemsOf(null, {}, { SECRET, WHERE: 'https://shop/hooks' })).toEqual([]);
  });
});
