import type { Feed, StreamDefinition } from '@tillstream/contracts';
import * as fc from 'fast-check';
import type { FeedPortion, KeepRefused, RefusedRow, Sink, SinkPartition } from './sink';
import { SinkOvertakenError, SinkUnavailableError } from './sink';
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

/** Offsets of finals that are told once. */
const REFUSED = [4, 17];

const refuseNone: KeepRefused = (refused) =>
  Promise.reject(new Error(`refused: ${refused.map(({ reason }) => reason).join('; ')}`));

/** As when a filter has let nothing through. */
function withoutRows({ from, next, rows }: FeedPortion): FeedPortion {
  if (rows.kind === 'rows') return { from, next, rows: { kind: 'rows', rows: [] } };
  return { from, next, rows: { ...rows, selected: new Uint32Array(0) } };
}

/**
 * Every sink passes this suite: memory in the unit run, the others on a real store.
 *
 * @param create gives an empty store for the stream, declared with all feeds of `promises.feeds`; null: there is none to be had on
 * this machine, which has been said
 */
export function describeSink(
  name: string,
  promises: SinkPromises,
  create: (definition: StreamDefinition) => Promise<SinkUnderTest | null>,
): void {
  const feeds = promises.feeds ?? ['events', 'finals'];
  const definition = sinkStream();
  const logOf = (feed: Feed, partition = 0, records = 40): FeedLog =>
    feed === 'events' ? eventLog(definition, partition, records) : finalLog(definition, partition, records);

  /** Runs a test on a store of its own. */
  async function onStore(test: (store: SinkUnderTest, connect: () => Promise<Sink>) => Promise<void>): Promise<void> {
    const store = await create(definition);
    if (store === null) return;
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
          await partition.flush(refuseNone);
          await expectStored(store, log, 30);
          await partition.add(log.portion(30, 40));
          await partition.flush(refuseNone);
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
          await partition.flush(refuseNone);
          expect(partition.pending).toEqual({ rows: 0, bytes: 0 });
          await partition.close();
        }));

      it('flushes nothing, and ranges without rows, and goes on behind them', () =>
        onStore(async (store, connect) => {
          const log = logOf(feed);
          const sink = await connect();
          const partition = await sink.open(feed, 0, log.tables);
          await partition.flush(refuseNone);
          await partition.add(withoutRows(log.portion(0, 5)));
          await partition.flush(refuseNone);
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
          await partition.flush(refuseNone);
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
          await zombie.flush(refuseNone).catch((cause: unknown) => expect(cause).toBeInstanceOf(SinkOvertakenError));
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
          await partition.flush(refuseNone);
          await partition.add(log.portion(10, 20));
          const restore = await store.cutOff();
          try {
            await expect(partition.flush(refuseNone)).rejects.toThrow(SinkUnavailableError);
            await expect(partition.flush(refuseNone)).rejects.toThrow(SinkUnavailableError);
          } finally {
            await restore();
          }
          await partition.flush(refuseNone);
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

    describe('with rows that the store refuses', () => {
      /** Runs a test on a partition that 30 finals were added to, of which the store refuses two. */
      const withPoison = (
        test: (
          store: SinkUnderTest,
          sink: Sink,
          partition: SinkPartition,
          log: FeedLog,
          bad: string[],
        ) => Promise<void>,
      ): Promise<void> =>
        onStore(async (store, connect) => {
          const { poisoned } = store;
          if (!poisoned || !feeds.includes('finals')) return;
          const log = logOf('finals', 0, 30);
          const sink = await connect();
          const partition = await sink.open('finals', 0, log.tables);
          const portion = log.portion(0, 30);
          if (portion.rows.kind !== 'rows') throw new Error('finals come in rows');
          const rows = portion.rows.rows.map((row) => (REFUSED.includes(row.offset) ? poisoned(row) : row));
          await partition.add({ ...portion, rows: { kind: 'rows', rows } });
          const bad = rows.filter(({ offset }) => REFUSED.includes(offset)).map(({ table, id }) => `${table}|${id}`);
          await test(store, sink, partition, log, bad);
          await partition.close();
        });
      const expectOthers = async (store: SinkUnderTest, log: FeedLog, bad: readonly string[]): Promise<void> => {
        const stored = sortedIds(await store.stored('finals'));
        expect(promises.once ? stored : [...new Set(stored)]).toEqual(log.ids(30).filter((id) => !bad.includes(id)));
      };

      it('has them kept, with its words, and stores all others', () =>
        withPoison(async (store, _sink, partition, log, bad) => {
          const kept: RefusedRow[] = [];
          await partition.flush(async (refused) => {
            kept.push(...refused);
          });
          expect(kept.map(({ row }) => row.offset).sort((a, b) => a - b)).toEqual(REFUSED);
          for (const { reason } of kept) expect(reason).toMatch(/\w+/);
          await partition.flush(refuseNone);
          await expectOthers(store, log, bad);
        }));

      it('does not pass them before they are kept', () =>
        withPoison(async (store, sink, partition, log, bad) => {
          const full = new Error('there is no room');
          await expect(partition.flush(() => Promise.reject(full))).rejects.toBe(full);
          const other = await sink.open('finals', 0, log.tables);
          expect(other.next ?? 0).toBeLessThanOrEqual(REFUSED[0] as number);
          await other.close();
          const kept = new Set<number>();
          await partition.flush(async (refused) => refused.forEach(({ row }) => kept.add(row.offset)));
          expect([...kept].sort((a, b) => a - b)).toEqual(REFUSED);
          await expectOthers(store, log, bad);
        }));
    });
  });
}
