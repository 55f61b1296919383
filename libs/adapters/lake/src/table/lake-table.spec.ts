import { SinkOvertakenError, SinkRefusedError } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import * as fc from 'fast-check';
import { MemoryObjectStore } from '../store/memory-object-store';
import { FaultyObjectStore, StoreFault } from '../testing/faulty-object-store';
import { LakeTable } from './lake-table';
import type { TypedColumn } from '../sql/column-type';
import type { DataFile, TableChange, TableSnapshot } from './table-snapshot';

const PATH = 'commerce/events';
const COLUMNS: readonly TypedColumn[] = [
  { name: 'date', type: 'date' },
  { name: '_offset', type: 'long' },
  { name: 'at', type: 'timestamp' },
  { name: 'name', type: 'string' },
  { name: 'amount', type: { kind: 'decimal', precision: 18, scale: 2 } },
  { name: 'tags', type: { kind: 'array', element: 'string' } },
  { name: 'group', type: { kind: 'struct', fields: [{ name: 'ok', type: 'boolean' }] } },
];

/** Younger than any clock here: how old a file may be is not what these tests are about. */
const YOUNG_MS = Date.UTC(2100, 0);

function aFile(path: string, more: Partial<DataFile> = {}): DataFile {
  return { path, bytes: 10, rows: 1, partition: { date: '2026-01-05' }, min: {}, max: {}, addedMs: YOUNG_MS, ...more };
}

function aChange(more: Partial<TableChange> = {}): TableChange {
  return { columns: COLUMNS, partitionBy: ['date'], add: [], remove: [], dataChange: true, ...more };
}

const append = (appId: string, from: number, next: number, file: DataFile) => () =>
  aChange({ add: [file], position: { appId, from, next } });

const newTable = (store = new MemoryObjectStore()) => new LakeTable(store, PATH, () => 1_000);

describe('a table of the lake', () => {
  it('is not there before its first commit', async () => {
    expect(await newTable().snapshot()).toBeNull();
    expect(await newTable().commit(() => null)).toBeNull();
  });

  it('is for others what it is for who made it', async () => {
    const store = new MemoryObjectStore();
    const file = aFile('date=2026-01-05/name=a%2Fb c#?ü/p0-0-5-1.parquet', {
      partition: { date: '2026-01-05', name: 'a/b c#?ü' },
      min: { _offset: -3, at: Date.UTC(2026, 0, 5), name: 'a', date: '2026-01-05' },
      max: { _offset: 5, at: Date.UTC(2026, 0, 5, 23, 59, 59, 999), name: 'ü', date: '2026-01-05' },
    });
    const made = await newTable(store).commit(append('events/0', 0, 5, file));
    expect(made?.files.get(file.path)).toEqual(file);
    expect(await newTable(store).snapshot()).toEqual(made);
    expect(made).toMatchObject({ version: 0, columns: COLUMNS, partitionBy: ['date'] });
    expect(made?.positions).toEqual(new Map([['events/0', 5]]));
  });

  it('is followed from where it was seen last', async () => {
    const store = new MemoryObjectStore();
    const [one, other] = [newTable(store), newTable(store)];
    await one.commit(append('events/0', 0, 5, aFile('a')));
    expect((await other.snapshot())?.version).toBe(0);
    await one.commit(append('events/0', 5, 9, aFile('b')));
    await one.commit(append('events/1', 0, 2, aFile('c')));
    const seen = await other.snapshot();
    expect([...(seen?.files.keys() ?? [])]).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual(await newTable(store).snapshot());
  });

  it('never changes a snapshot that was given out', async () => {
    const table = newTable();
    const before = await table.commit(append('events/0', 0, 5, aFile('a')));
    await table.commit((now) =>
      aChange({ add: [aFile('b')], remove: [...(now?.files.keys() ?? [])], dataChange: false }),
    );
    expect([...(before?.files.keys() ?? [])]).toEqual(['a']);
  });

  it('refuses a range that does not follow the one before', async () => {
    const store = new MemoryObjectStore();
    await newTable(store).commit(append('events/0', 7, 9, aFile('a')));
    for (const [from, next] of [
      [7, 9],
      [8, 12],
      [10, 12],
    ] as const) {
      await expect(newTable(store).commit(append('events/0', from, next, aFile('b')))).rejects.toThrow(
        SinkOvertakenError,
      );
    }
    expect((await newTable(store).snapshot())?.version).toBe(0);
  });

  it('refuses files that were put long ago: a vacuum may be removing them', async () => {
    const table = new LakeTable(new MemoryObjectStore(), PATH, () => 12 * 3_600_000 + 6);
    await expect(table.commit(append('events/0', 0, 5, aFile('a', { addedMs: 5 })))).rejects.toThrow(
      SinkOvertakenError,
    );
    await table.commit(append('events/0', 0, 5, aFile('a', { addedMs: 6 })));
  });

  it('gets new columns, of which files before have none', async () => {
    const store = new MemoryObjectStore();
    const added: TypedColumn = { name: 'colour', type: 'string' };
    const first = await newTable(store).commit(append('events/0', 0, 5, aFile('a')));
    await newTable(store).commit(() => aChange({ columns: [added, ...COLUMNS] }));
    const seen = await newTable(store).snapshot();
    expect(seen?.columns).toEqual([...COLUMNS, added]);
    expect(seen?.identity).toEqual(first?.identity);
  });

  it.each([
    ['of another type', { name: '_offset', type: 'string' }],
    ['that differ by case only', { name: 'NAME', type: 'string' }],
    ['of another scale', { name: 'amount', type: { kind: 'decimal', precision: 18, scale: 3 } }],
  ] as const)('refuses columns %s', async (_, column) => {
    const table = newTable();
    await table.commit(append('events/0', 0, 5, aFile('a')));
    await expect(table.commit(() => aChange({ columns: [column] }))).rejects.toThrow(SinkRefusedError);
  });

  it('removes only what is there, and adds only what is not', async () => {
    const table = newTable();
    await table.commit(append('events/0', 0, 5, aFile('a')));
    await expect(table.commit(() => aChange({ remove: ['b'] }))).rejects.toThrow(/no part of the table/u);
    await expect(table.commit(() => aChange({ add: [aFile('a')] }))).rejects.toThrow(/already/u);
    const after = await table.commit(() => aChange({ remove: ['a'] }));
    expect(after?.files.size).toBe(0);
    expect(after?.removed).toEqual(new Map([['a', 1_000]]));
  });

  it('says bounds that hold where they have to be shortened', async () => {
    const store = new MemoryObjectStore();
    const [low, high] = ['a'.repeat(100), '\u{1F600}'.repeat(100)];
    await newTable(store).commit(() => aChange({ add: [aFile('a', { min: { name: low }, max: { name: high } })] }));
    const file = (await newTable(store).snapshot())?.files.get('a');
    expect(Buffer.compare(Buffer.from(String(file?.min['name'])), Buffer.from(low))).toBeLessThanOrEqual(0);
    expect(Buffer.compare(Buffer.from(String(file?.max['name'])), Buffer.from(high))).toBeGreaterThanOrEqual(0);
  });

  it('is refused when another program has raised its protocol', async () => {
    const store = new MemoryObjectStore();
    await newTable(store).commit(() => aChange());
    const line = JSON.stringify({ protocol: { minReaderVersion: 3, minWriterVersion: 7 } });
    await store.putIfAbsent(`${PATH}/_delta_log/00000000000000000001.json`, new TextEncoder().encode(line));
    await expect(newTable(store).snapshot()).rejects.toThrow(/raised the table commerce\/events/u);
  });

  it('takes a commit for its own when the request was repeated', async () => {
    const store = new MemoryObjectStore();
    const twice = new FaultyObjectStore(store, async () => 'done');
    jest.spyOn(twice, 'putIfAbsent').mockImplementation(async (path, content) => {
      await store.putIfAbsent(path, content);
      return store.putIfAbsent(path, content);
    });
    const made = await new LakeTable(twice, PATH).commit(append('events/0', 0, 5, aFile('a')));
    expect(made?.version).toBe(0);
  });
});

describe('the log of a table', () => {
  const commits = async (store: MemoryObjectStore, nowMs: () => number, from: number, next: number) => {
    const table = new LakeTable(store, PATH, nowMs);
    for (let i = from; i < next; i++) await table.commit(append('events/0', i, i + 1, aFile(`date=2026-01-05/é ${i}`)));
    return table.snapshot();
  };
  const inLog = async (store: MemoryObjectStore) => {
    const names: string[] = [];
    for await (const { path } of store.list(`${PATH}/_delta_log/`)) names.push(path.slice(PATH.length + 12));
    return names;
  };

  it('is read from its newest checkpoint on', async () => {
    const store = new MemoryObjectStore();
    const made = await commits(store, () => 1_000, 0, 45);
    await store.remove(
      (await inLog(store)).filter((name) => name < `${'0'.repeat(18)}40`).map((name) => `${PATH}/_delta_log/${name}`),
    );
    expect(await newTable(store).snapshot()).toEqual(made);
    await store.remove([`${PATH}/_delta_log/_last_checkpoint`]);
    expect(await newTable(store).snapshot()).toEqual(made);
  });

  it('keeps in a checkpoint what a commit says, and forgets files that were removed long ago', async () => {
    const store = new MemoryObjectStore();
    let nowMs = Date.UTC(2026, 0, 5);
    const file = aFile('date=__HIVE_DEFAULT_PARTITION__/a', {
      partition: { date: null },
      min: { _offset: -(2 ** 53) + 1, name: '' },
      max: { _offset: 2 ** 53 - 1, name: '"\\é' },
    });
    const table = new LakeTable(store, PATH, () => nowMs);
    await table.commit(() => aChange({ add: [file, aFile('b'), aFile('c')] }));
    await table.commit(() => aChange({ remove: ['b'] }));
    nowMs += 8 * 24 * 3_600_000;
    await table.commit(() => aChange({ remove: ['c'] }));
    const made = await commits(store, () => nowMs, 0, 20);
    await store.remove([0, 1, 2, 3].map((version) => `${PATH}/_delta_log/${String(version).padStart(20, '0')}.json`));
    const seen = await newTable(store).snapshot();
    expect(seen).toEqual({ ...made, removed: new Map([['c', nowMs]]) });
    expect(seen?.files.get(file.path)).toEqual(file);
  });

  it('is trimmed to the newest checkpoint that is a week old', async () => {
    let nowMs = 1_000;
    const store = new MemoryObjectStore(() => nowMs);
    await commits(store, () => nowMs, 0, 45);
    nowMs += 8 * 24 * 3_600_000;
    const made = await commits(store, () => nowMs, 45, 65);
    expect(await new LakeTable(store, PATH, () => nowMs).trimLog()).toBe(41);
    expect((await inLog(store))[0]).toBe(`${'0'.repeat(18)}40.checkpoint.parquet`);
    expect(await newTable(store).snapshot()).toEqual(made);
  });

  it('is never written in its past by who has slept', async () => {
    let nowMs = 1_000;
    const store = new MemoryObjectStore(() => nowMs);
    const sleeper = new LakeTable(store, PATH, () => nowMs);
    await sleeper.commit(append('events/0', 0, 1, aFile('a')));
    await commits(store, () => nowMs, 1, 45);
    nowMs += 8 * 24 * 3_600_000;
    await commits(store, () => nowMs, 45, 65);
    await newTable(store).snapshot();
    await new LakeTable(store, PATH, () => nowMs).trimLog();
    expect((await sleeper.snapshot())?.positions.get('events/0')).toBe(65);
  });

  it('is never written in its past by who has slept between reading and writing', async () => {
    let nowMs = 1_000;
    const store = new MemoryObjectStore(() => nowMs);
    const sleeper = new LakeTable(store, PATH, () => nowMs);
    await sleeper.commit(append('events/0', 0, 1, aFile('a')));
    const before = sleeper.commit(() => {
      nowMs += 30 * 24 * 3_600_000;
      return aChange({ add: [aFile('b')], position: { appId: 'events/0', from: 1, next: 2 } });
    });
    jest.spyOn(store, 'putIfAbsent').mockImplementationOnce(async (path, content) => {
      nowMs -= 30 * 24 * 3_600_000;
      await commits(store, () => nowMs, 1, 45);
      nowMs += 8 * 24 * 3_600_000;
      await commits(store, () => nowMs, 45, 65);
      await new LakeTable(store, PATH, () => nowMs).trimLog();
      nowMs += 22 * 24 * 3_600_000;
      return store.putIfAbsent(path, content);
    });
    await expect(before).rejects.toThrow(SinkOvertakenError);
    expect((await newTable(store).snapshot())?.files.has('b')).toBe(false);
    expect(await inLog(store)).not.toContain(`${'0'.repeat(19)}1.json`);
  });

  it('is not taken for empty when its begin is lost', async () => {
    const store = new MemoryObjectStore();
    await commits(store, () => 1_000, 0, 3);
    await store.remove([`${PATH}/_delta_log/${'0'.repeat(20)}.json`]);
    await expect(newTable(store).snapshot()).rejects.toThrow(/has lost its begin/u);
  });
});

/** A writer's life: appends to one partition from where the table stands, merges files, and dies at any call. */
async function live(table: LakeTable, partition: number, random: SeededRandom, world: World): Promise<void> {
  const appId = `events/${partition}`;
  let next = (await table.snapshot())?.positions.get(appId) ?? 0;
  for (let step = 0; step < 4; step++) {
    if (random.below(3) === 0) await table.commit((now) => merge(now, world));
    const range = { partition, from: next, next: next + 1 + random.below(5) };
    const file = world.write([range]);
    await table.commit(append(appId, range.from, range.next, file));
    next = range.next;
  }
}

interface Range {
  readonly partition: number;
  readonly from: number;
  readonly next: number;
}

/** What the files hold: nothing of it is in the table. */
class World {
  private readonly contents = new Map<string, readonly Range[]>();

  write(ranges: readonly Range[]): DataFile {
    const path = `f${this.contents.size}`;
    this.contents.set(path, ranges);
    return aFile(path);
  }

  read(path: string): readonly Range[] {
    return this.contents.get(path) ?? [];
  }
}

function merge(now: TableSnapshot | null, world: World): TableChange | null {
  const paths = [...(now?.files.keys() ?? [])];
  if (paths.length < 2) return null;
  return aChange({ add: [world.write(paths.flatMap((path) => world.read(path)))], remove: paths, dataChange: false });
}

describe('writers of one table, at once and dying', () => {
  it('leave every row once, in ranges without a hole', () =>
    fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 5 }), async (seed, writers) => {
        const random = new SeededRandom(seed);
        const store = new MemoryObjectStore();
        const world = new World();
        const fate = async () => {
          for (let turns = random.below(6); turns > 0; turns--) await Promise.resolve();
          const roll = random.below(24);
          return roll === 0 ? 'failed' : roll === 1 ? 'lost' : 'done';
        };
        for (let round = 0; round < 3; round++) {
          const lives = Array.from({ length: writers }, (_, i) =>
            live(new LakeTable(new FaultyObjectStore(store, fate), PATH), i % 2, random, world),
          );
          for (const end of await Promise.allSettled(lives)) {
            if (end.status === 'fulfilled' || end.reason instanceof StoreFault) continue;
            if (!(end.reason instanceof SinkOvertakenError)) throw end.reason;
          }
          const seen = await newTable(store).snapshot();
          const ranges = [...(seen?.files.keys() ?? [])].flatMap((path) => world.read(path));
          for (const partition of [0, 1]) {
            const own = ranges.filter((range) => range.partition === partition).sort((a, b) => a.from - b.from);
            let next = 0;
            for (const range of own) {
              expect(range.from).toBe(next);
              next = range.next;
            }
            expect(seen?.positions.get(`events/${partition}`) ?? 0).toBe(next);
          }
        }
      }),
      { numRuns: 60 },
    ));
});
