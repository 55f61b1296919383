import { join } from 'node:path';
import type { FeedRow, FeedTable } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import { SinkOvertakenError, SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import type { KeepRefused, Sink, SinkPartition } from '@tillstream/engine';
import { SeededRandom, eventLog, finalLog, sinkStream } from '@tillstream/engine/testing';
import { tableName } from './table-names';
import { Door } from './testing/door';
import { PostgresUnderTest } from './testing/postgres-under-test';
import { SmallDisk } from './testing/small-disk';

const definition = sinkStream();
const events = eventLog(definition, 0, 40);
const finals = finalLog(definition, 0, 40);
const [sales] = finals.tables as readonly [FeedTable];

const keepNone: KeepRefused = (refused) =>
  Promise.reject(new Error(`refused: ${refused.map(({ reason }) => reason).join('; ')}`));

let found: PostgresUnderTest | null = null;
let schema = '';
let schemas = 0;
const sinks: Sink[] = [];

beforeAll(async () => {
  found = await PostgresUnderTest.start();
}, 120_000);
afterAll(() => found?.stop());
beforeEach(() => {
  schema = `f${(schemas += 1)}`;
});
afterEach(async () => {
  await Promise.all(sinks.splice(0).map((sink) => sink.close()));
});

/** A test that needs the server. */
function onPostgres(name: string, test: (postgres: PostgresUnderTest) => Promise<void>): void {
  it(name, async () => {
    if (found !== null) await test(found);
  });
}

type SinkOptions = Parameters<PostgresUnderTest['sink']>[1];

function sinkOn(postgres: PostgresUnderTest, options: SinkOptions = {}): Sink {
  const sink = postgres.sink(definition, { settings: { schema, timeout: '5s' }, ...options });
  sinks.push(sink);
  return sink;
}

async function openEvents(sink: Sink): Promise<SinkPartition> {
  await sink.prepare();
  return sink.open('events', 0, events.tables);
}

async function count(postgres: PostgresUnderTest, table: string): Promise<number> {
  const [row] = await postgres.query(`SELECT count(*) AS n FROM ${schema}."${table}"`);
  return Number(row?.['n']);
}

async function expectEvents(postgres: PostgresUnderTest, next: number): Promise<void> {
  const rows = await postgres.query(`SELECT __id FROM ${schema}.events`);
  expect(rows.map((row) => `events|${String(row['__id'])}`).sort()).toEqual(events.ids(next));
}

describe('what the server refuses altogether', () => {
  onPostgres('is told with what to do about it: a wrong password', async (postgres) => {
    const sink = sinkOn(postgres, { name: 'bi-store', credentials: { PASSWORD: 'wrong' } });
    await expect(sink.prepare()).rejects.toThrow(
      /password authentication failed .*check TILLSTREAM_SINK_BI_STORE_USER and TILLSTREAM_SINK_BI_STORE_PASSWORD/,
    );
    await expect(sink.prepare()).rejects.toThrow(SinkRefusedError);
    await expect(sink.prepare()).rejects.not.toThrow('wrong'); // never in a message
  });

  onPostgres('is told with what to do about it: a database that is not there', async (postgres) => {
    const sink = sinkOn(postgres, { where: `postgres://127.0.0.1:${postgres.server.port}/nowhere` });
    await expect(sink.prepare()).rejects.toThrow(/database "nowhere" does not exist: create the database/);
  });

  onPostgres('is told with what to do about it: no right to make tables', async (postgres) => {
    await postgres.query(`CREATE ROLE guest${schemas} LOGIN PASSWORD 'guest'`);
    const credentials = { USER: `guest${schemas}`, PASSWORD: 'guest' };
    await expect(sinkOn(postgres, { credentials }).prepare()).rejects.toThrow(
      new RegExp(`permission denied for database postgres: grant guest${schemas} what it lacks`),
    );
    await postgres.query(`CREATE SCHEMA ${schema} AUTHORIZATION guest${schemas}`);
    await openEvents(sinkOn(postgres, { credentials }));
  });

  onPostgres('is told with what to do about it: no encryption', async (postgres) => {
    const sink = sinkOn(postgres, { where: `postgres://127.0.0.1:${postgres.server.port}/postgres?sslmode=require` });
    await expect(sink.prepare()).rejects.toThrow(/does not support SSL.*sslmode/);
  });
});

describe('tables that are not as they were made', () => {
  onPostgres('get back a column, and a whole table, that somebody has dropped meanwhile', async (postgres) => {
    const partition = await openEvents(sinkOn(postgres));
    await partition.add(events.portion(0, 10));
    await partition.flush(keepNone);
    await postgres.query(`ALTER TABLE ${schema}.events DROP COLUMN category`);
    await partition.add(events.portion(10, 20));
    await partition.flush(keepNone);
    await expectEvents(postgres, 20);
    await postgres.query(`DROP TABLE ${schema}.events`);
    await partition.add(events.portion(20, 40));
    await partition.flush(keepNone);
    expect(await count(postgres, 'events')).toBe(events.ids(40).length - events.ids(20).length);
  });

  onPostgres('are refused by column and type, with the statement that helps', async (postgres) => {
    const sink = sinkOn(postgres);
    await openEvents(sink);
    await postgres.query(`ALTER TABLE ${schema}.events ALTER COLUMN pieces TYPE text`);
    const remedy = `ALTER TABLE "${schema}"."events" ALTER COLUMN "pieces" TYPE bigint`;
    await expect(sink.open('events', 1, events.tables)).rejects.toThrow(remedy);
    await postgres.query(`${remedy} USING pieces::bigint`);
    await sink.open('events', 1, events.tables);
    await postgres.query(`ALTER TABLE ${schema}.events ADD COLUMN mine integer NOT NULL`);
    await expect(sink.open('events', 1, events.tables)).rejects.toThrow('ALTER COLUMN "mine" DROP NOT NULL');
    await postgres.query(`DROP TABLE ${schema}.events; CREATE TABLE ${schema}.events (id text)`);
    await expect(sink.open('events', 1, events.tables)).rejects.toThrow('no column __id of type text');
  });

  onPostgres('lose no row to a type that was changed while they were written', async (postgres) => {
    const partition = await openEvents(sinkOn(postgres));
    await partition.add(events.portion(0, 20));
    await postgres.query(`ALTER TABLE ${schema}.events ALTER COLUMN pieces TYPE smallint`);
    await expect(partition.flush(keepNone)).rejects.toThrow(/"pieces" of type smallint, not bigint: ALTER TABLE/);
    await postgres.query(`ALTER TABLE ${schema}.events ALTER COLUMN pieces TYPE bigint`);
    await partition.flush(keepNone);
    await expectEvents(postgres, 20);
  });

  onPostgres(
    'grow with the stream file: a new column is null in old rows, and the view shows the metric of now',
    async (postgres) => {
      const sink = sinkOn(postgres);
      await sink.prepare();
      const before = { ...sales, columns: sales.columns.slice(0, -1) };
      const first = await sink.open('finals', 0, [before, ...finals.tables.slice(1)]);
      await first.add(finals.portion(0, 10));
      await first.flush(keepNone);
      const second = await sink.open('finals', 0, finals.tables);
      expect(second.next).toBe(10);
      await second.add(finals.portion(10, 20));
      await second.flush(keepNone);
      const last = sales.columns.at(-1)?.name ?? '';
      const [rows] = await postgres.query(`SELECT count(*) AS all, count("${last}") AS some FROM ${schema}.sales`);
      const size = (from: number, next: number) =>
        finals.ids(next).filter((id) => id.startsWith('sales') && !finals.ids(from).includes(id)).length;
      expect(rows).toEqual({ all: String(size(0, 20)), some: String(size(10, 20)) });
    },
  );

  onPostgres('are made even when somebody has built on the view of a metric', async (postgres) => {
    const sink = sinkOn(postgres);
    await sink.prepare();
    await sink.open('finals', 0, finals.tables);
    await postgres.query(`CREATE VIEW ${schema}.mine AS SELECT total FROM ${schema}.sales`);
    const redeclared = { ...sales, name: 'sales@ffffffff' };
    const partition = await sink.open('finals', 1, [redeclared]);
    await partition.close();
    expect(await count(postgres, tableName(redeclared))).toBe(0);
    expect(await postgres.query(`SELECT * FROM ${schema}.mine`)).toEqual([]);
  });
});

describe('rows that come again', () => {
  onPostgres('replace those of a lower version and no others', async (postgres) => {
    const sink = sinkOn(postgres);
    await sink.prepare();
    const partition = await sink.open('finals', 0, finals.tables);
    const portion = finals.portion(0, 4);
    if (portion.rows.kind !== 'rows') throw new Error('finals come in rows');
    const rows = portion.rows.rows.filter(({ table }) => table === sales.name);
    const at = (version: number, orders: number): FeedRow[] =>
      rows.map((row) => ({ ...row, version, values: { ...row.values, orders } }));
    const stored = async (next: number, again: readonly FeedRow[]): Promise<unknown> => {
      await partition.add({ from: next - 1, next, rows: { kind: 'rows', rows: again } });
      await partition.flush(keepNone);
      return (await postgres.query(`SELECT DISTINCT __version, orders FROM ${schema}."${tableName(sales)}"`)).map(
        (row) => ({
          ...row,
        }),
      );
    };
    expect(await stored(1, at(5, 50))).toEqual([{ __version: '5', orders: '50' }]);
    expect(await stored(2, at(4, 40))).toEqual([{ __version: '5', orders: '50' }]);
    expect(await stored(3, at(5, 51))).toEqual([{ __version: '5', orders: '50' }]);
    expect(await stored(4, at(6, 60))).toEqual([{ __version: '6', orders: '60' }]);
    expect(await stored(5, [...at(9, 90), ...at(7, 70)])).toEqual([{ __version: '9', orders: '90' }]);
    expect(await count(postgres, tableName(sales))).toBe(new Set(rows.map(({ id }) => id)).size);
  });
});

describe('an answer that is lost', () => {
  onPostgres(
    'to the commit: the rows stand there once, and whoever opens anew goes on behind them',
    async (postgres) => {
      const door = await Door.open(postgres.server.port);
      try {
        const sink = sinkOn(postgres, { port: door.port });
        const partition = await openEvents(sink);
        await partition.add(events.portion(0, 20));
        door.loseAnswerTo('COMMIT');
        await expect(partition.flush(keepNone)).rejects.toThrow(SinkUnavailableError);
        await expect(partition.flush(keepNone)).rejects.toThrow(SinkOvertakenError);
        await partition.close();
        const again = await sink.open('events', 0, events.tables);
        expect(again.next).toBe(20);
        await again.add(events.portion(20, 40));
        await again.flush(keepNone);
        await expectEvents(postgres, 40);
      } finally {
        await door.close();
      }
    },
  );

  onPostgres('to the copy: nothing stands there, and the same flush does it', async (postgres) => {
    const door = await Door.open(postgres.server.port);
    try {
      const partition = await openEvents(sinkOn(postgres, { port: door.port }));
      await partition.add(events.portion(0, 20));
      door.loseAnswerTo('PGCOPY');
      await expect(partition.flush(keepNone)).rejects.toThrow(SinkUnavailableError);
      await expectEvents(postgres, 0);
      await partition.flush(keepNone);
      await expectEvents(postgres, 20);
    } finally {
      await door.close();
    }
  });
});

describe('a writer that stops in the middle', () => {
  onPostgres('holds others up for so long only, and finds itself overtaken', async (postgres) => {
    const zombie = await openEvents(sinkOn(postgres, { settings: { schema, timeout: '1s' } }));
    await zombie.add(events.portion(0, 10));
    // Refused rows are kept within the transaction: there it stops, until another has stored everything.
    await postgres.query(`ALTER TABLE ${schema}.events ADD CHECK (id <> 'e-0-10')`);
    const stopped = zombie.flush(async () => {
      const other = await openEvents(sinkOn(postgres, { settings: { schema, timeout: '5s' } }));
      await other.add(events.portion(0, 20));
      await other.flush(async (refused) => expect(refused).toHaveLength(1));
    });
    await expect(stopped).rejects.toThrow(SinkUnavailableError);
    await expect(zombie.flush(keepNone)).rejects.toThrow(SinkOvertakenError);
    expect(await count(postgres, 'events')).toBe(events.ids(20).length - 1);
  });
});

/** As a task does it: again and again, until the server has time. */
async function flushed(partition: SinkPartition): Promise<void> {
  for (;;) {
    try {
      return await partition.flush(keepNone);
    } catch (cause) {
      if (!(cause instanceof SinkUnavailableError)) throw cause;
    }
  }
}

describe('a server in trouble', () => {
  onPostgres('that stands still: it is given up in time, and goes on where it was', async (postgres) => {
    const partition = await openEvents(sinkOn(postgres, { settings: { schema, timeout: '1s' } }));
    await partition.add(events.portion(0, 20));
    await postgres.server.signal('SIGSTOP');
    try {
      await expect(partition.flush(keepNone)).rejects.toThrow(SinkUnavailableError);
    } finally {
      await postgres.server.signal('SIGCONT');
    }
    await flushed(partition);
    await expectEvents(postgres, 20);
  });

  onPostgres(
    'whose disk is full: nothing is lost, and what was added is stored when there is room',
    async (postgres) => {
      const disk = SmallDisk.mount(join(postgres.server.dataDir, 'small'), postgres.server.account);
      if (disk === null) return;
      try {
        await postgres.query(`CREATE TABLESPACE small LOCATION '${disk.directory}'`);
        const partition = await openEvents(sinkOn(postgres));
        await postgres.query(`ALTER TABLE ${schema}.events SET TABLESPACE small`);
        await partition.add(events.portion(0, 20));
        disk.fill();
        await expect(partition.flush(keepNone)).rejects.toThrow(/No space left on device/);
        await expect(partition.flush(keepNone)).rejects.toThrow(SinkUnavailableError);
        await expectEvents(postgres, 0);
        disk.empty();
        await partition.flush(keepNone);
        await expectEvents(postgres, 20);
        await postgres.query(`DROP SCHEMA ${schema} CASCADE`);
        await postgres.query('DROP TABLESPACE small');
      } finally {
        disk.unmount();
      }
    },
  );
});

/** A process that writes a partition until all of it is stored; something happens before it stores a part. */
async function writeAll(
  sink: Sink,
  random: SeededRandom,
  happen: () => Promise<void>,
  isHopeless: () => boolean,
): Promise<void> {
  const committed = { next: 0 };
  for (;;) {
    let partition: SinkPartition | null = null;
    try {
      await sink.prepare();
      partition = await sink.open('events', 0, events.tables);
      for (let at = partition.next ?? committed.next; at < events.end; at = committed.next) {
        const next = Math.min(events.end, at + 1 + random.below(4));
        await partition.add(events.portion(at, next));
        await happen();
        await partition.flush(keepNone);
        committed.next = next;
      }
      return;
    } catch (cause) {
      const isExpected = cause instanceof SinkUnavailableError || cause instanceof SinkOvertakenError;
      if (!isExpected || isHopeless()) throw cause;
    } finally {
      await partition?.close();
    }
  }
}

describe('two writers', () => {
  onPostgres('leave every row once, however answers are lost, ways are cut and the server dies', async (postgres) => {
    const door = await Door.open(postgres.server.port);
    const random = new SeededRandom(20_260_105);
    let harms = 0;
    let hasFailed = false;
    const fail = (cause: unknown): never => {
      hasFailed = true;
      throw cause;
    };
    const harm = async (): Promise<void> => {
      harms += 1;
      if (harms === 5 || harms === 20) await postgres.crash().catch(fail);
      else if (harms < 30 && random.chance(0.2)) door.cut();
      else if (harms < 30 && random.chance(0.5)) door.loseAnswerTo(random.chance(0.7) ? 'COMMIT' : 'PGCOPY');
    };
    try {
      const write = (): Promise<void> =>
        writeAll(sinkOn(postgres, { port: door.port }), random, harm, () => hasFailed).catch(fail);
      await Promise.all([write(), write()]);
      expect(harms).toBeGreaterThan(20);
      await expectEvents(postgres, events.end);
    } finally {
      await door.close();
    }
  });
});

it('has a table for every feed of a stream', async () => {
  if (found === null) return;
  const sink = sinkOn(found);
  await sink.prepare();
  for (const feed of ['events', 'finals', 'late', 'dead_letters'] as const) {
    const partition = await sink.open(feed, 0, feedTables(definition, feed));
    expect(partition.next).toBe(null);
  }
});
