import { status } from '@grpc/grpc-js';
import type { SqlOutcome } from '@tillstream/adapter-lake';
import { ringOf } from '@tillstream/doors/testing';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { NoLakeError, type SqlSource } from '../sql/sql-source';
import { MemoryResults } from '../testing/memory-results';
import { Replica, type ReplicaOptions } from '../testing/replica';

const definition = definitionFrom(smallStreamFile(2));
const { stream } = definition.schema;

let replica: Replica;
const asked: { sql: string; stream: string; rows: number }[] = [];
let outcome: SqlOutcome | null = null;
let failure: Error | null = null;

const sql: SqlSource = {
  answer: async (text, { schema }, rows) => {
    asked.push({ sql: text, stream: schema.stream, rows });
    if (failure) throw failure;
    return outcome;
  },
  close: () => undefined,
};

async function serve(options: ReplicaOptions): Promise<Replica> {
  replica = await Replica.start(new MemoryResults(definition), options);
  return replica;
}

beforeEach(() => {
  asked.length = 0;
  failure = null;
  outcome = {
    kind: 'answer',
    answer: { columns: [{ name: 'n', type: 'BIGINT' }], rows: [[{ integer: '7' }], [{}]], truncated: true },
  };
});

afterEach(() => replica.stop());

describe('RunSql', () => {
  it('is answered where it is switched on', async () => {
    const client = (await serve({ sql })).client();
    expect(await client.runSql({ stream, sql: 'SELECT 7', maxRows: 2 })).toMatchObject({
      columns: [{ name: 'n', type: 'BIGINT' }],
      rows: [{ values: [{ integer: '7' }] }, { values: [{}] }],
      truncated: true,
    });
    expect(asked).toEqual([{ sql: 'SELECT 7', stream, rows: 2 }]);
    await expect(client.runSql({ stream: 'other', sql: 'SELECT 7' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('is refused where nobody has switched it on', async () => {
    const client = (await serve({})).client();
    await expect(client.runSql({ stream, sql: 'SELECT 1' })).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining('TILLSTREAM_SQL=on'),
    });
  });

  it('wants a key with the right to it, for the streams it names', async () => {
    const keys = ringOf([
      { key: 'reads-only-1', streams: null, sql: false },
      { key: 'asks-this-1', streams: [stream], sql: true },
      { key: 'asks-other-1', streams: ['other'], sql: true },
    ]);
    await serve({ sql, keys });
    const codeOf = (key?: string) =>
      replica
        .client(key)
        .runSql({ stream, sql: 'SELECT 7' })
        .then(
          () => status.OK,
          (error: { code: status }) => error.code,
        );
    expect(await codeOf()).toBe(status.UNAUTHENTICATED);
    expect(await codeOf('reads-only-1')).toBe(status.PERMISSION_DENIED);
    expect(await codeOf('asks-other-1')).toBe(status.NOT_FOUND);
    expect(await codeOf('asks-this-1')).toBe(status.OK);
    expect(asked).toHaveLength(1);
  });

  it('says what is wrong with a question, and what there is too little of', async () => {
    const client = (await serve({ sql })).client();
    const answerOf = (became: SqlOutcome | null) => {
      outcome = became;
      return client.runSql({ stream, sql: 'SELECT' });
    };
    await expect(answerOf({ kind: 'refused', message: 'no' })).rejects.toMatchObject({
      ...{ code: status.INVALID_ARGUMENT, details: 'no' },
    });
    await expect(answerOf({ kind: 'limit', what: 'time', message: 'long' })).rejects.toMatchObject({
      ...{ code: status.DEADLINE_EXCEEDED, details: 'long' },
    });
    await expect(answerOf({ kind: 'limit', what: 'memory', message: 'large' })).rejects.toMatchObject({
      ...{ code: status.RESOURCE_EXHAUSTED, details: 'large' },
    });
    await expect(answerOf(null)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    failure = new NoLakeError(stream);
    await expect(answerOf(null)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
  });
});
