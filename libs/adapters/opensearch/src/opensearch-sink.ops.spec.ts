import type { FeedRow } from '@tillstream/contracts';
import type { RefusedRow, Sink, SinkPartition } from '@tillstream/engine';
import { definitionFrom } from '@tillstream/contracts/testing';
import { SINK_STREAM, describeSink, eventLog, finalLog, sinkStream } from '@tillstream/engine/testing';
import type { FeedLog, SinkUnderTest } from '@tillstream/engine/testing';
import { BrokenLine } from './testing/broken-line';
import { openedSink } from './testing/opened-sink';
import type { StoreForTests } from './testing/opensearch-for-tests';
import { aPrefix, ask, documentsIn, openSearchForTests, removeAll } from './testing/opensearch-for-tests';

jest.setTimeout(120_000);

let server: StoreForTests | null = null;

beforeAll(async () => {
  server = await openSearchForTests({
    // So that a test can ask too much of it.
    settings: { 'indexing_pressure.memory.limit': '300kb', 'http.max_content_length': '1mb' },
  });
});

afterAll(async () => {
  await server?.stop();
});

/** A promise that holds on a server that is there; where none is to be had this has been said. */
function onServer(promise: string, test: (store: StoreForTests) => Promise<void>, needsOwn = false): void {
  it(promise, async () => {
    if (server !== null && (!needsOwn || server.own !== null)) await test(server);
  });
}

describeSink('OpenSearchSink', { once: true, runs: 2 }, async (): Promise<SinkUnderTest | null> => {
  if (server === null) return null;
  const { address } = server;
  const prefix = aPrefix();
  const line = await BrokenLine.before(address);
  return {
    connect: () => openedSink(line.address, { prefix, rollover: 'none' }),
    stored: async (feed) => {
      const found = await documentsIn(address, `${prefix}-${feed}*`);
      return found.map(({ _index, _id }) => {
        return { table: _index.slice(prefix.length + 1).replace(/^finals-/, ''), id: _id };
      });
    },
    poisoned: (row) => ({ ...row, values: { ...row.values, revision: 'twelve' } }),
    cutOff: async () => {
      line.state = 'is cut';
      return async () => {
        line.state = 'passes';
      };
    },
    close: async () => {
      await line.close();
      await removeAll(address, prefix);
    },
  };
});

describe('a sink on a real store', () => {
  const events = eventLog(sinkStream(), 0, 40);
  const finals = finalLog(sinkStream(), 0, 40);
  const kept: RefusedRow[] = [];
  const keep = async (refused: readonly RefusedRow[]): Promise<void> => void kept.push(...refused);
  const opened: Sink[] = [];
  let prefix: string;

  beforeEach(() => {
    prefix = aPrefix();
    kept.length = 0;
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((sink) => sink.close()));
    if (server !== null) await removeAll(server.address, prefix);
  });

  async function opens(where: string, log: FeedLog, settings: object = {}): Promise<SinkPartition> {
    const sink = openedSink(where, { prefix, rollover: 'none', ...settings });
    opened.push(sink);
    await sink.prepare();
    return sink.open(log.feed, log.partition, log.tables);
  }

  const versions = async ({ address }: StoreForTests, feed: string): Promise<readonly string[]> =>
    (await documentsIn(address, `${prefix}-${feed}*`)).map(({ _id, _version }) => `${_id} ${_version}`).sort();

  onServer('keeps a row in the index of its day, with its columns typed', async ({ address }) => {
    const partition = await opens(address, events, { rollover: 'day', text: ['user'] });
    await partition.add(events.portion(0, 40));
    await partition.flush(keep);
    const days = await Promise.all(
      ['2026.01.05', '2026.01.06'].map((day) => documentsIn(address, `${prefix}-events-${day}`)),
    );
    expect(days.map((found) => found.length > 0)).toEqual([true, true]);
    expect(days.flat()).toHaveLength(events.ids(40).length);
    for (const { _index, _source } of days.flat()) {
      expect(_index).toBe(`${prefix}-events-${String(_source['@timestamp']).slice(0, 10).replaceAll('-', '.')}`);
    }
    expect(days.flat().find(({ _id }) => _id === '0|2|0')?._source).toEqual({
      ...{ '@timestamp': '2026-01-05T23:59:06.000Z', '@row.partition': 0, '@row.offset': 2, '@row.index': 0 },
      ...{ '@row.append_time': '2026-01-05T23:59:02.000Z', id: 'e-0-6', at: '2026-01-05T23:59:06.000Z' },
      ...{ user: 'user 1 "ö', kind: 'view', category: 'c0', pieces: 6, rating: 6 / 7, member: true },
    });
    const asked = await ask(address, 'POST', `/${prefix}-events-*/_search`, {
      size: 0,
      query: { match: { user: '1' } },
      aggs: { turnover: { sum: { field: 'amount' } }, kinds: { terms: { field: 'kind' } } },
    });
    const bought = days.flat().filter(({ _source }) => String(_source['user']).startsWith('user 1'));
    const turnover = bought.reduce((sum, { _source }) => sum + Number(_source['amount'] ?? 0), 0);
    expect(asked).toMatchObject({
      hits: { total: { value: bought.length } },
      aggregations: { turnover: { value: expect.closeTo(turnover, 6) }, kinds: { buckets: expect.any(Array) } },
    });
  });

  onServer('finds stored what it has not heard the answer of, and stores it no second time', async (store) => {
    const line = await BrokenLine.before(store.address);
    try {
      const partition = await opens(line.address, finals);
      await partition.add(finals.portion(0, 40));
      line.state = 'loses answers';
      await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
      expect(line.lost).toBeGreaterThan(0);
      line.state = 'passes';
      const stored = await versions(store, 'finals');
      expect(stored).toHaveLength(finals.ids(40).length);
      await partition.flush(keep);
      expect(await versions(store, 'finals')).toEqual(stored);
    } finally {
      await line.close();
    }
  });

  onServer('keeps the higher version, whichever comes first', async (store) => {
    const rows = finals.portion(0, 2).rows;
    if (rows.kind !== 'rows') throw new Error('finals come in rows');
    const revised = (by: number): readonly FeedRow[] => rows.rows.map((row) => ({ ...row, version: row.version + by }));
    const partition = await opens(store.address, finals);
    for (const by of [5, 0, 7, 7, 6]) {
      await partition.add({ from: 0, next: 2, rows: { kind: 'rows', rows: revised(by) } });
      await partition.flush(keep);
    }
    expect(await versions(store, 'finals')).toEqual(
      revised(7)
        .map(({ id, version }) => `${id} ${version}`)
        .sort(),
    );
  });

  onServer('says which index has another mapping, stops, and loses nothing', async (store) => {
    const index = `${prefix}-events`;
    const mappings = { properties: { pieces: { type: 'keyword' }, rating: { type: 'date' } } };
    await ask(store.address, 'PUT', `/${index}`, { mappings });
    await expect(opens(store.address, events)).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: expect.stringMatching(
        new RegExp(`${index} has another mapping.*pieces is keyword there and must be long`),
      ),
    });
    await ask(store.address, 'DELETE', `/${index}`);

    const partition = await opens(store.address, events);
    await ask(store.address, 'PUT', `/${index}`, { mappings: { properties: { kind: { type: 'date' } } } });
    await partition.add(events.portion(0, 40));
    await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_REFUSED' });
    await ask(store.address, 'DELETE', `/${index}`);
    await partition.flush(keep);
    expect(kept).toEqual([]);
    expect(await versions(store, 'events')).toHaveLength(events.ids(40).length);
  });

  onServer('adds fields that are declared later to the indexes that are there', async ({ address }) => {
    const first = await opens(address, events);
    await first.add(events.portion(0, 10));
    await first.flush(keep);
    const later = definitionFrom(SINK_STREAM.replace('metrics:', '  colour: {type: string, optional: true}\nmetrics:'));
    const log = eventLog(later, 0, 40);
    const sink = openedSink(address, { prefix, rollover: 'none' }, { definition: later });
    opened.push(sink);
    await sink.open('events', 0, log.tables);
    await opens(address, events); // somebody who has the earlier file still
    for (const path of [`/${prefix}-events/_mapping`, `/_index_template/${prefix}-events`]) {
      expect(JSON.stringify(await ask(address, 'GET', path))).toContain('"colour":{');
    }
  });

  onServer(
    'takes smaller portions when the store has too much to do, or takes none so large',
    async (store) => {
      const partition = await opens(store.address, events, { flush: { bytes: '32MiB', rows: 100_000 } });
      const long = eventLog(sinkStream(), 0, 4_000);
      await partition.add(long.portion(0, 4_000)); // some 2 MB: more than a request may have
      const before = partition.bounds.bytes;
      let failures = 0;
      for (let done = false; !done;) {
        done = await partition.flush(keep).then(
          () => true,
          (error: { readonly code?: string }) => {
            expect(error.code).toBe('SINK_UNAVAILABLE');
            return ++failures > 50;
          },
        );
      }
      expect(failures).toBeGreaterThan(0);
      expect(partition.bounds.bytes).toBeLessThan(before);
      expect(kept).toEqual([]);
      await ask(store.address, 'POST', `/${prefix}-events/_refresh`);
      expect(await ask(store.address, 'GET', `/${prefix}-events/_count`)).toMatchObject({
        count: long.ids(4_000).length,
      });
    },
    true,
  );

  onServer(
    'gives back a row that is too large for the store, and stores the others',
    async (store) => {
      const rows = finals.portion(0, 6).rows;
      if (rows.kind !== 'rows') throw new Error('finals come in rows');
      const [large, ...others] = rows.rows as readonly [FeedRow, ...FeedRow[]];
      const row = { ...large, values: { ...large.values, category: 'x'.repeat(1_200_000) } };
      const partition = await opens(store.address, finals);
      await partition.add({ from: 0, next: 6, rows: { kind: 'rows', rows: [...others, row] } });
      await partition.flush(keep);
      expect(kept.map((refused) => refused.row)).toEqual([row]);
      expect(kept[0]?.reason).toMatch(/^413/);
      expect(await versions(store, 'finals')).toHaveLength(new Set(others.map(({ id }) => id)).size);
    },
    true,
  );

  onServer('waits while an index is blocked, and says by whom', async (store) => {
    const partition = await opens(store.address, events);
    await partition.add(events.portion(0, 10));
    await partition.flush(keep);
    const block = (on: boolean): Promise<unknown> =>
      ask(store.address, 'PUT', `/${prefix}-events/_settings`, { 'index.blocks.write': on });
    await block(true);
    await partition.add(events.portion(10, 20));
    await expect(partition.flush(keep)).rejects.toMatchObject({
      code: 'SINK_UNAVAILABLE',
      message: expect.stringContaining('blocked by'),
    });
    await block(false);
    await partition.flush(keep);
    expect(await versions(store, 'events')).toHaveLength(events.ids(20).length);
  });

  onServer(
    'goes on when a store comes back that stood still, or was killed: what was stored is there, once',
    async (store) => {
      const partition = await opens(store.address, events, { timeout: '1s' });
      await partition.add(events.portion(0, 15));
      await partition.flush(keep);
      await store.own?.kill('SIGSTOP');
      await partition.add(events.portion(15, 25));
      await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
      await store.own?.kill('SIGCONT');
      await flushUntilDone(partition);
      await partition.add(events.portion(25, 40));
      await store.own?.kill();
      await expect(partition.flush(keep)).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
      await store.own?.restart();
      await flushUntilDone(partition);
      expect(kept).toEqual([]);
      expect(await versions(store, 'events')).toEqual(events.ids(40).map((id) => `${id.replace('events|', '')} 0`));
    },
    true,
  );

  onServer(
    'takes what is there already for stored only when a store that is killed has it on its disk',
    async (store) => {
      const partitions = [await opens(store.address, events), await opens(store.address, events)];
      // What is stored is on no disk for an hour, as is what a request stores that is not answered yet.
      const settings = { 'index.translog.durability': 'async', 'index.translog.sync_interval': '1h' };
      await ask(store.address, 'PUT', `/${prefix}-events`, { settings });
      for (const partition of partitions) {
        await partition.add(events.portion(0, 40));
        await partition.flush(keep);
      }
      await store.own?.kill();
      await store.own?.restart();
      const partition = await opens(store.address, events);
      await partition.add(events.portion(39, 40));
      await flushUntilDone(partition);
      expect(await versions(store, 'events')).toEqual(events.ids(40).map((id) => `${id.replace('events|', '')} 0`));
    },
    true,
  );

  /** As a task does, without its pauses: the store has just come back. */
  async function flushUntilDone(partition: SinkPartition): Promise<void> {
    for (let attempt = 0; attempt < 60; attempt++) {
      const failure = await partition.flush(keep).then(
        () => null,
        (error: Error) => error,
      );
      if (failure === null) return;
    }
    await partition.flush(keep);
  }
});
