import { feedDecoder, feedTables } from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { openObjectStore } from '../store/open-object-store';
import { metricColumn } from '../sink/table-shape';
import { NO_ACCESS } from '../store/store-access';
import { LakeUnderTest } from '../testing/lake-under-test';
import { answerSql } from './answer-sql';
import { StreamTables } from './stream-tables';

const definition = definitionFrom(smallStreamFile(2));
const sales = definition.metrics[0]!;
const limits = { rows: 1_000, bytes: 1_000_000, memoryMiB: 256, threads: 2, timeoutMs: 20_000 };

let lake: LakeUnderTest;

beforeAll(async () => {
  lake = await LakeUnderTest.create(definition);
  const sink = lake.connect();
  await sink.prepare();
  const decode = feedDecoder(definition, 'finals');
  const partition = await sink.open('finals', 0, feedTables(definition, 'finals'));
  const rows = ['books', 'toys'].flatMap((category, offset) => {
    const group = { category };
    const value = {
      ...{ metric: sales.name, definition: sales.identity.split('@')[1], group, final: true, revision: 3 },
      ...{ window_start: '2026-01-05T00:00:00.000Z', window_end: '2026-01-05T00:00:20.000Z' },
      measures: { total: `${offset}.50`, orders: offset },
    };
    const key = `f|${sales.identity}|${value.window_start}|${JSON.stringify(group)}`;
    const record = {
      key: Buffer.from(key),
      value: Buffer.from(JSON.stringify(value)),
      offset,
      timestampMs: 0,
      headers: {},
    };
    return decode(record, 0);
  });
  await partition.add({ from: 0, next: 2, rows: { kind: 'rows', rows } });
  await partition.flush(() => Promise.resolve());
  await partition.close();
  await sink.close();
});

afterAll(() => lake.close());

async function ask(sql: string, stream = definition.schema.stream) {
  const tables = new StreamTables(openObjectStore(lake.directory, NO_ACCESS), stream);
  return answerSql({ sql, ...(await tables.mentionedIn(sql, definition)), limits });
}

describe('tables of a stream', () => {
  it('are its feeds, and each metric with its groups and measures as columns', async () => {
    const outcome = await ask(`SELECT window_start, category, total FROM ${sales.name} ORDER BY total DESC`);
    expect(outcome).toMatchObject({
      kind: 'answer',
      answer: {
        rows: [
          [{ text: '2026-01-05T00:00:00.000Z' }, { text: 'toys' }, { decimal: '1.50' }],
          [{ text: '2026-01-05T00:00:00.000Z' }, { text: 'books' }, { decimal: '0.50' }],
        ],
      },
    });
    expect(await ask('SELECT count(*) FROM finals')).toMatchObject({ answer: { rows: [[{ integer: '2' }]] } });
  });

  it('are listed, as far as anything was written, and named where one is not there', async () => {
    const listed = await ask('SHOW TABLES');
    const names = ['finals', ...definition.metrics.map(({ name }) => name)].sort();
    expect(listed).toMatchObject({ kind: 'answer', answer: { rows: names.map((text) => [{ text }]) } });
    expect(await ask('FROM dead_letters')).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/^there is no table "dead_letters" to read; there is events, finals, late, /),
    });
    expect(await ask('SELECT * FROM events')).toMatchObject({ kind: 'refused' });
  });

  it('read no file without the instants that are asked for', async () => {
    const tables = new StreamTables(openObjectStore(lake.directory, NO_ACCESS), definition.schema.stream);
    const asked = (from: string) => `SELECT total FROM ${sales.name} WHERE window_start >= '${from}' ORDER BY total`;
    const filesFor = async (sql: string) => (await tables.mentionedIn(sql, definition)).files.length;
    expect(await filesFor(asked('2026-01-05'))).toBe(1);
    expect(await filesFor(asked('2026-01-06'))).toBe(0);
    expect(await ask(asked('2026-01-05'))).toMatchObject({
      answer: { rows: [[{ decimal: '0.50' }], [{ decimal: '1.50' }]] },
    });
    expect(await ask(asked('2026-01-06'))).toMatchObject({ kind: 'answer', answer: { rows: [] } });
  });

  it('read of a metric only the fields that are asked for', async () => {
    const { views } = await new StreamTables(
      openObjectStore(lake.directory, NO_ACCESS),
      definition.schema.stream,
    ).mentionedIn(sales.name, definition);
    const [view] = views;
    const plan = await lake.rows(`EXPLAIN SELECT total FROM (${view?.cheaper})`);
    expect(JSON.stringify(plan).replaceAll(/[^a-z_.0-9]/g, '')).toContain(`${metricColumn(sales.identity)}.total`);
  });

  it('are of that stream alone', async () => {
    expect(await ask('SELECT * FROM finals', 'other')).toMatchObject({ kind: 'refused' });
  });
});
