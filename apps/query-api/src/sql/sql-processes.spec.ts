import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlLimits, SqlOutcome } from '@tillstream/adapter-lake';
import { build } from 'esbuild';
import { SqlProcesses } from './sql-processes';

const LIMITS: SqlLimits = { rows: 100, bytes: 100_000, memoryMiB: 128, threads: 1, timeoutMs: 20_000 };
const root = join(__dirname, '../../../..');

let directory: string;
let processes: SqlProcesses;

beforeAll(async () => {
  directory = await mkdtemp(join(root, 'node_modules', '.tillstream-sql-')).catch(() =>
    mkdtemp(join(tmpdir(), 'sql-')),
  );
  const outfile = join(directory, 'answer-sql.js');
  await build({
    entryPoints: [join(__dirname, '../testing/answer-sql-program.ts')],
    ...{ outfile, bundle: true, platform: 'node', target: 'node24', format: 'cjs', packages: 'external' },
    tsconfig: join(root, 'tsconfig.base.json'),
  });
  processes = new SqlProcesses(outfile, 2);
});

afterAll(async () => {
  processes.close();
  await rm(directory, { recursive: true });
});

const ask = (sql: string, limits: Partial<SqlLimits> = {}, signal = new AbortController().signal) =>
  processes.answer({ sql, names: [], views: [], files: [], limits: { ...LIMITS, ...limits } }, signal);

const endless = 'SELECT count(*) FROM range(100000000000) a, range(1000000) b';

describe('SQL in a process of its own', () => {
  it('is answered, one question after the other', async () => {
    for (const n of [1, 2]) {
      expect(await ask(`SELECT ${n} AS n`)).toMatchObject({
        kind: 'answer',
        answer: { rows: [[{ integer: String(n) }]] },
      });
    }
    expect(await ask('SELECT * FROM x')).toMatchObject({ kind: 'refused' });
  });

  it('ends with its time, also where it cannot be interrupted, and the next one is answered', async () => {
    const stubborn = `SELECT length(repeat('x', 3000000000))`;
    const outcomes = await Promise.all([ask(endless, { timeoutMs: 300 }), ask(stubborn, { timeoutMs: 300 })]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'limit' });
    expect(await ask('SELECT 3')).toMatchObject({ kind: 'answer' });
  });

  it('ends with its memory, also with what DuckDB does not count', async () => {
    const outcome = await ask(`SELECT length(repeat('x', 2000000000))`);
    expect(outcome).toMatchObject({ kind: 'limit', what: 'memory' } satisfies Partial<SqlOutcome>);
  });

  it('is refused when as many are asking as may, and ends with who asked', async () => {
    const gone = new AbortController();
    const asking = [ask(endless, {}, gone.signal), ask(endless, {}, gone.signal)];
    expect(await ask('SELECT 1')).toBeNull();
    gone.abort();
    for (const asked of asking) await expect(asked).rejects.toThrow('nobody waits');
    expect(await ask('SELECT 1')).toMatchObject({ kind: 'answer' });
  });
});
