import type { Feed, StreamDefinition } from '@tillstream/contracts';
import * as fc from 'fast-check';
import { SinkOvertakenError, SinkUnavailableError, type FeedPortion, type Sink } from './sink';
import type { FeedLog, SinkUnderTest } from './sink.fixture';
import { FeedWriter, eventLog, finalLog, sinkStream, sortedIds } from './sink.fixture';

/** What a kind of sink does and does not promise. */
export interface SinkPromises {
  /** False where a row may be there more than once after a failure; never is one missing. */
  readonly once: boolean;
  /** Feeds that it can be given. */
  readonly feeds?: readonly ('events' | 'finals')[];
  /** How often the property of cuts and crashes is tried, each on a store of its own. */
  readonly runs?: number;
}

/** How a writer's life goes on: it adds up to a position, flushes or not, and may die. */
const steps = fc.array(
  fc.record({
    writer: fc.nat(1),
    rows: fc.integer({ min: 1, max: 9 }),
    then: fc.constantFrom('nothing', 'flush', 'flush', 'crash'),
  }),
  { maxLength: 14 },
);

/** As when a filter has let nothing through. */
function withoutRows({ from, next, rows }: FeedPortion): FeedPortion {
  if (rows.kind === 'rows') return { from, next, rows: { kind: 'rows', rows: [] } };
  return { from, next, rows: { ...rows, selected: new Uint32Array(0) } };
}

/**
 * Every sink passes this suite: memory in the unit run, the others on a real store.
 *
 * @param create gives an empty store for the stream, declared with all feeds of `promises.feeds`
 */
export function describeSink(
  name: string,
  promises: SinkPromises,
  create: (definition: StreamDefinition) => Promise<SinkUnderTest>,
): void {
  const feeds = promises.feeds ?? ['events', 'finals'];
  const definition = sinkStream();
  const logOf = (feed: Feed, partition = 0, records = 40): FeedLog =>
    feed === 'events' ? eventLog(definition, partition, records) : finalLog(definition, partition, records);

  /** Runs a test on a store of its own. */
  async function onStore(test: (store: SinkUnderTest, connect: () => Promise<Sink>) => Promise<void>): Promise<void> {
    const store = await create(definition);
    const sinks: Sink[] = [];
    const connect = async (): Promise<Sink> => {
      const sink = store.connect();
      sinks.push(sink);
      await sink.prepare();
      return sink;
    };
    try {
      await test(store, connect);
    } finally {
      await Promise.all(sinks.map((sink) => sink.close()));
      await store.close();
    }
  }

  async function expectStored(store: SinkUnderTest, log: FeedLog, next: number): Promise<void> {
    const own = sortedIds(await store.stored(log.feed));
    expect(promises.once ? own : [...new Set(own)]).toEqual(log.ids(next));
  }

  describe(`${name} honours the Sink contract`, () => {
    it('prepares what is prepared already, and while another does', () =>
      onStore(async (_store, connect) => {
        const [sink] = await Promise.all([connect(), connect()]);
        await sink.prepare();
      }));

    describe.each(feeds)('of %s', (feed) => {
      it('stores at flush what was added, all of it', () =>
        onStore(async (store, connect) => {
          const log = logOf(feed);
          const partition = await (await connect()).open(feed, 0, log.tables);
          await partition.add(log.portion(0, 7));
          await partition.add(log.portion(7, 8));
          await partition.add(log.portion(8, 30));
          expect(await partition.flush()).toEqual([]);
          await expectStored(store, log, 30);
          await partition.add(log.portion(30, 40));
          expect(await partition.flush()).toEqual([]);
          await expectStored(store, log, 40);
          await partition.close();
        }));

      it('says how much waits, and when it should be stored', () =>
        onStore(async (_store, connect) => {
          const log = logOf(feed);
          const partition = await (await connect()).open(feed, 0, log.tables);
          expect(partition.pending).toEqual({ rows: 0, bytes: 0 });
          await partition.add(log.portion(0, 20));
          expect(partition.pending.rows).toBeGreaterThan(0);
          expect(partition.pending.bytes).toBeGreaterThan(0);
          for (const bound of Object.values(partition.bounds)) expect(bound).toBeGreaterThan(0);
          await partition.flush();
          expect(partition.pending).toEqual({ rows: 0, bytes: 0 });
          await partition.close();
        }));

      it('flushes nothing, and ranges without rows, and goes on behind them', () =>
        onStore(async (store, connect) => {
          const log = logOf(feed);
          const sink = await connect();
          const partition = await sink.open(feed, 0, log.tables);
          expect(await partition.flush()).toEqual([]);
          await partition.add(withoutRows(log.portion(0, 5)));
          expect(await partition.flush()).toEqual([]);
          await partition.close();
          expect(await store.stored(feed)).toEqual([]);
          const again = await sink.open(feed, 0, log.tables);
          expect([null, 5]).toContain(again.next);
          await again.close();
        }));

      it('forgets on close what was not stored', () =>
        onStore(async (store, connect) => {
          const log = logOf(feed);
          const sink = await connect();
          const partition = await sink.open(feed, 0, log.tables);
          await partition.add(log.portion(0, 10));
          await partition.flush();
          await partition.add(log.portion(10, 20));
          await partition.close();
          await expectStored(store, log, 10);
          const again = await sink.open(feed, 0, log.tables);
          expect([null, 10]).toContain(again.next);
          await again.close();
        }));

      it('takes the same rows again, cut otherwise', () =>
        onStore(async (store, connect) => {
          const log = logOf(feed);
          const first = new FeedWriter(await connect(), log, { next: 0 });
          await first.add(6);
          await first.store(25);
          const again = new FeedWriter(await connect(), log, { next: 0 }); // its group offset was never committed
          await again.add(11);
          await again.store(40);
          await expectStored(store, log, 40);
        }));

      it('lets nobody who was away undo or repeat what another has stored meanwhile', () =>
        onStore(async (store, connect) => {
          const log = logOf(feed);
          const zombie = await (await connect()).open(feed, 0, log.tables);
          await zombie.add(log.portion(0, 12));
          await new FeedWriter(await connect(), log, { next: 0 }).store(20);
          await zombie.flush().catch((cause: unknown) => expect(cause).toBeInstanceOf(SinkOvertakenError));
          await zombie.close();
          await expectStored(store, log, 20);
          const next = await (await connect()).open(feed, 0, log.tables);
          expect([null, 20]).toContain(next.next);
          await next.close();
        }));

      it('keeps partitions apart', () =>
        onStore(async (store, connect) => {
          const sink = await connect();
          const logs = [logOf(feed, 0), logOf(feed, 1, 20)];
          await Promise.all(logs.map((log) => new FeedWriter(sink, log, { next: 0 }).store(log.end)));
          const own = sortedIds(await store.stored(feed));
          expect(promises.once ? own : [...new Set(own)]).toEqual(logs.flatMap((log) => log.ids(log.end)).sort());
          const one = await sink.open(feed, 1, (logs[1] as FeedLog).tables);
          expect([null, 20]).toContain(one.next);
          await one.close();
        }));

      it('has every row once, whatever the cuts, the crashes and who else writes', () =>
        fc.assert(
          fc.asyncProperty(steps, (life) =>
            onStore(async (store, connect) => {
              const log = logOf(feed);
              const committed = { next: 0 };
              const writers = [
                new FeedWriter(await connect(), log, committed),
                new FeedWriter(await connect(), log, committed),
              ];
              let until = 0;
              for (const { writer, rows, then } of life) {
                const who = writers[writer] as FeedWriter;
                await who.add((until = Math.min(until + rows, log.end)));
                if (then === 'flush') await who.flush();
                if (then === 'crash') await who.crash();
              }
              await Promise.all(writers.map((who) => who.store(log.end)));
              await expectStored(store, log, log.end);
            }),
          ),
          { numRuns: promises.runs ?? 4 },
        ));

      it('stores after an outage what it could not store, when it is called again', () =>
        onStore(async (store, connect) => {
          if (!store.cutOff) return;
          const log = logOf(feed);
          const partition = await (await connect()).open(feed, 0, log.tables);
          await partition.add(log.portion(0, 10));
          await partition.flush();
          await partition.add(log.portion(10, 20));
          const restore = await store.cutOff();
          try {
            await expect(partition.flush()).rejects.toThrow(SinkUnavailableError);
            await expect(partition.flush()).rejects.toThrow(SinkUnavailableError);
          } finally {
            await restore();
          }
          expect(await partition.flush()).toEqual([]);
          await expectStored(store, log, 20);
          await partition.close();
        }));
    });

    it('says that it cannot tell yet whether all is in order while the store does not answer', () =>
      onStore(async (store) => {
        if (!store.cutOff) return;
        const restore = await store.cutOff();
        const sink = store.connect();
        try {
          await expect(sink.prepare()).rejects.toThrow(SinkUnavailableError);
        } finally {
          await restore();
        }
        await sink.prepare();
        await sink.close();
      }));

    it('gives back the rows that the store refuses, with its words, once, and stores all others', () =>
      onStore(async (store, connect) => {
        const { poisoned } = store;
        if (!poisoned || !feeds.includes('finals')) return;
        const log = logOf('finals', 0, 30);
        const partition = await (await connect()).open('finals', 0, log.tables);
        const portion = log.portion(0, 30);
        if (portion.rows.kind !== 'rows') throw new Error('finals come in rows');
        const rows = portion.rows.rows.map((row) => (row.offset === 4 || row.offset === 17 ? poisoned(row) : row));
        await partition.add({ ...portion, rows: { kind: 'rows', rows } });
        const refused = await partition.flush();
        expect(refused.map(({ row }) => row.offset).sort((a, b) => a - b)).toEqual([4, 17]);
        for (const { row, reason } of refused) {
          expect(rows).toContain(row);
          expect(reason).toMatch(/\w+/);
        }
        expect(await partition.flush()).toEqual([]);
        const bad = refused.map(({ row }) => `${row.table}|${row.id}`);
        const stored = sortedIds(await store.stored('finals'));
        expect(promises.once ? stored : [...new Set(stored)]).toEqual(log.ids(30).filter((id) => !bad.includes(id)));
        await partition.close();
      }));
  });
}
