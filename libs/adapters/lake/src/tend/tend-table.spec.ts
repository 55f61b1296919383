import { existsSync } from 'node:fs';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { SinkOvertakenError, SinkRefusedError } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import * as fc from 'fast-check';
import { DuckDbSession } from '../duckdb/duckdb-session';
import { FaultyObjectStore, StoreFault, type StoreFate } from '../testing/faulty-object-store';
import { KeptTable, type KeptRow } from '../testing/kept-table';
import { compactTable } from './compact-table';
import { COMPACTION } from './compaction-plan';
import { eraseRows } from './erase-rows';
import type { TableInCare } from './rewriting';
import { tendTable } from './tend-table';
import { vacuumTable } from './vacuum-table';

const HOUR_MS = 3_600_000;
const DAYS = ['2026-01-05', '2026-01-06'];
const KEEP_ALL = { compaction: COMPACTION, retentionMs: null, isVacuumDue: true };

let session: DuckDbSession;
let kept: KeptTable;

beforeAll(async () => {
  session = await DuckDbSession.open({ memoryBytes: 256 * 1024 ** 2, threads: 1, temporary: null });
});
afterAll(() => session.close());
beforeEach(async () => {
  kept = await KeptTable.create(session);
});
afterEach(() => kept.close());

const rowsFrom = (from: number, count: number, days = DAYS): KeptRow[] =>
  Array.from({ length: count }, (_, i) => {
    const offset = from + i;
    return { offset, key: `user-${offset % 3}`, date: days[offset % days.length] ?? '' };
  });

/** `commits` commits of four rows, a file for each of two days. */
async function fill(care: TableInCare, commits: number): Promise<KeptRow[]> {
  for (let i = 0; i < commits; i++) await kept.write(care, i * 4, rowsFrom(i * 4, 4));
  return rowsFrom(0, commits * 4);
}

/** Makes what stands in the store as old as the clock of the test says it is. */
async function age(byMs: number): Promise<void> {
  const then = new Date(kept.nowMs);
  for (const entry of await readdir(kept.directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), then, then);
  }
  kept.nowMs += byMs;
}

describe('compaction', () => {
  it('puts small files together, with the same rows in them, sorted', async () => {
    const care = kept.care();
    const rows = await fill(care, 10);
    expect(await compactTable(care, COMPACTION)).toEqual({ files: 20, into: 2 });
    const now = await kept.care().table.snapshot();
    expect(now?.files.size).toBe(2);
    expect(now?.positions.get('events/0')).toBe(40);
    expect(await kept.rows(now)).toEqual(rows);
    const [first] = now?.files.values() ?? [];
    expect(first).toMatchObject({ rows: 20, min: { _offset: 0 }, max: { _offset: 38 } });
    expect(await compactTable(care, COMPACTION)).toEqual({ files: 0, into: 0 });
  });

  it('leaves who reads an older snapshot its files', async () => {
    const care = kept.care();
    const rows = await fill(care, 10);
    const before = await care.table.snapshot();
    await tendTable(care, KEEP_ALL);
    expect(await kept.rows(before)).toEqual(rows);
  });

  it('gives up what somebody else has put together meanwhile', async () => {
    const [one, other] = [kept.care(), kept.care()];
    const rows = await fill(one, 10);
    const both = await Promise.all([compactTable(one, COMPACTION), compactTable(other, COMPACTION)]);
    expect(both.reduce((sum, { files }) => sum + files, 0)).toBe(20);
    expect(await kept.rows(await one.table.snapshot())).toEqual(rows);
    const left = (await readdir(join(kept.directory, 'commerce/events/date=2026-01-05'))).filter((name) =>
      name.startsWith('c-'),
    );
    expect(left).toHaveLength(1);
  });

  it('refuses files that do not hold what the log says', async () => {
    const care = kept.care();
    await fill(care, 10);
    await care.table.commit((now) => {
      const [file] = now?.files.values() ?? [];
      if (file === undefined) return null;
      return {
        add: [{ ...file, path: `date=2026-01-05/../${file.path}`, rows: 7 }],
        remove: [file.path],
        dataChange: true,
      };
    });
    await expect(compactTable(care, COMPACTION)).rejects.toThrow(SinkRefusedError);
  });
});

describe('retention', () => {
  it('removes days that are over for so long', async () => {
    const care = kept.care();
    const rows = await fill(care, 2);
    kept.nowMs = Date.UTC(2026, 0, 9) - 1;
    expect((await tendTable(care, { ...KEEP_ALL, retentionMs: 72 * HOUR_MS })).expired).toBe(0);
    kept.nowMs += 1;
    expect((await tendTable(care, { ...KEEP_ALL, retentionMs: 72 * HOUR_MS })).expired).toBe(2);
    expect(await kept.rows(await care.table.snapshot())).toEqual(rows.filter(({ date }) => date !== '2026-01-05'));
  });
});

describe('a vacuum', () => {
  const dataFiles = async () =>
    (await readdir(join(kept.directory, 'commerce/events'), { recursive: true })).filter(
      (name) => name.endsWith('.parquet') && !name.startsWith('_'),
    );

  it('removes what has been no part of the table for a day, and orphans as old', async () => {
    const care = kept.care();
    const rows = await fill(care, 10);
    await age(30 * HOUR_MS);
    await compactTable(care, COMPACTION);
    expect((await vacuumTable(care)).files).toBe(0); // long written, and removed just now
    await care.store.putIfAbsent('commerce/events/date=2026-01-05/p0-orphan.parquet', new Uint8Array(9));
    await age(23 * HOUR_MS);
    expect((await vacuumTable(care)).files).toBe(0);
    kept.nowMs += 2 * HOUR_MS;
    expect((await vacuumTable(care)).files).toBe(21);
    expect(await dataFiles()).toHaveLength(2);
    expect(await kept.rows(await kept.care().table.snapshot())).toEqual(rows);
  });

  it('removes nothing of the log, and nothing of what is no table', async () => {
    const care = kept.care();
    await fill(care, 21);
    await care.store.putIfAbsent('commerce/events/README.md', new Uint8Array(9));
    await age(72 * HOUR_MS);
    await vacuumTable(care);
    expect(existsSync(join(kept.directory, 'commerce/events/README.md'))).toBe(true);
    expect((await kept.care().table.snapshot())?.files.size).toBe(42);
  });

  it('never removes a file that a sleeper names afterwards', async () => {
    const [sleeper, keeper] = [kept.care(), kept.care()];
    await fill(keeper, 1);
    const write = sleeper.table.commit.bind(sleeper.table);
    jest.spyOn(sleeper.table, 'commit').mockImplementation(async (change) => {
      await age(25 * HOUR_MS); // it has put its files, and slept
      expect((await vacuumTable(keeper)).files).toBe(2);
      return write(change);
    });
    await expect(kept.write(sleeper, 4, rowsFrom(4, 4))).rejects.toThrow(SinkOvertakenError);
    expect(await kept.rows(await keeper.table.snapshot())).toEqual(rowsFrom(0, 4));
  });

  it('makes a sleeper look again that is about to commit', async () => {
    const keeper = kept.care();
    await fill(keeper, 1);
    const asleep = kept.care((store) => {
      const put = store.putIfAbsent.bind(store);
      jest.spyOn(store, 'putIfAbsent').mockImplementation(async (path, content) => {
        if (path.endsWith('.json')) {
          await age(25 * HOUR_MS);
          expect((await vacuumTable(keeper)).files).toBe(2);
        }
        return put(path, content);
      });
      return store;
    });
    await expect(kept.write(asleep, 4, rowsFrom(4, 4))).rejects.toThrow(SinkOvertakenError);
    expect(await kept.rows(await keeper.table.snapshot())).toEqual(rowsFrom(0, 4));
  });
});

describe('erasing', () => {
  it('leaves all rows but those of the key, and goes on where it ended', async () => {
    const care = kept.care();
    const rows = await fill(care, 6);
    await compactTable(care, COMPACTION);
    const stop = new AbortController();
    const interrupted = kept.care((store) => {
      jest.spyOn(store, 'putIfAbsent').mockImplementationOnce(async () => {
        stop.abort();
        throw new StoreFault('ended');
      });
      return store;
    }, stop.signal);
    await expect(eraseRows(interrupted, "key = 'user-1'")).rejects.toThrow(StoreFault);
    const done = await eraseRows(kept.care(), "key = 'user-1'");
    expect(done.rows).toBe(8);
    expect(await kept.rows(await care.table.snapshot())).toEqual(rows.filter(({ key }) => key !== 'user-1'));
    expect(await eraseRows(care, "key = 'user-1'")).toEqual({ rows: 0, files: 0 });
  });

  it('leaves rows of which it is not known whose they are', async () => {
    const care = kept.care();
    const rows = await fill(care, 2);
    await eraseRows(care, "nullif(key, 'user-0') = 'user-1'");
    expect(await kept.rows(await care.table.snapshot())).toEqual(rows.filter(({ key }) => key !== 'user-1'));
  });

  it('removes files of which nothing is left', async () => {
    const care = kept.care();
    await fill(care, 2);
    await eraseRows(care, 'key IS NOT NULL');
    expect((await care.table.snapshot())?.files.size).toBe(0);
  });
});

describe('writers, compaction, erasing and vacuums at once, dying at any call', () => {
  it('leave every row once but those that were erased, and every reader its files', () =>
    fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const world = await KeptTable.create(session);
        const random = new SeededRandom(seed);
        const fate = async (): Promise<StoreFate> => {
          const roll = random.below(60);
          return roll === 0 ? 'failed' : roll === 1 ? 'lost' : 'done';
        };
        const newCare = () => world.care((store) => new FaultyObjectStore(store, fate));
        const attempted = new Set<string>();
        const erased: { key: string; until: number }[] = [];
        const positionOf = async (care: TableInCare) => (await care.table.snapshot())?.positions.get('events/0') ?? 0;
        const write = async (care: TableInCare) => {
          for (let i = 0; i < 6; i++) {
            const from = await positionOf(care);
            await world.write(care, from, rowsFrom(from, 1 + random.below(4)));
          }
        };
        const works: readonly ((care: TableInCare) => Promise<unknown>)[] = [
          write,
          (care) => compactTable(care, { ...COMPACTION, files: 2 + random.below(4) }),
          (care) => tendTable(care, KEEP_ALL),
          async (care) => {
            const [key, until] = [`user-${random.below(6)}`, await positionOf(care)]; // half of them have no rows
            attempted.add(key);
            await eraseRows(care, `key = '${key}'`);
            erased.push({ key, until });
          },
        ];
        try {
          for (let round = 0; round < 3; round++) {
            const before = await world.care().table.snapshot();
            const stood = await world.rows(before);
            const ends = await Promise.allSettled(
              [write, write, random.pick(works), random.pick(works)].map((work) => work(newCare())),
            );
            for (const end of ends) {
              if (
                end.status === 'rejected' &&
                !(end.reason instanceof StoreFault || end.reason instanceof SinkOvertakenError)
              )
                throw end.reason;
            }
            expect(await world.rows(before)).toEqual(stood);
            const now = await world.care().table.snapshot();
            const rows = await world.rows(now);
            const offsets = new Set(rows.map(({ offset }) => offset));
            expect(offsets.size).toBe(rows.length);
            const written = rowsFrom(0, now?.positions.get('events/0') ?? 0);
            expect(rows).toEqual(written.filter(({ offset }) => offsets.has(offset)));
            for (const { offset, key } of written) if (!offsets.has(offset)) expect(attempted).toContain(key);
            for (const { key, until } of erased) {
              expect(rows.filter((row) => row.key === key && row.offset < until)).toEqual([]);
            }
            world.nowMs += HOUR_MS;
          }
        } finally {
          await world.close();
        }
      }),
      { numRuns: 8 },
    ));
});
